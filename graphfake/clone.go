package graphfake

import (
	"maps"
	"reflect"
	"slices"
)

// Clone returns a tenant in the same state, with the same settings and the same
// arranged failures, and an empty list of requests. What is done to the one doesn't
// show in the other. It costs the same for ten accounts and for a million: arrange
// a tenant once, and give each test a clone. Tokens made before open both.
func (t *Tenant) Clone() *Tenant {
	t.mu.Lock()
	defer t.mu.Unlock()
	clone := &Tenant{
		made: t.made, directory: t.directory, failures: clonedFailures(t.failures), lastCA: t.lastCA,
		skipped: t.skipped, signer: t.ring(), recent: slices.Clone(t.recent), people: t.people, devices: t.devices,
	}
	clone.directory.held = t.directory.held.clone()
	from, to := reflect.ValueOf(t).Elem(), reflect.ValueOf(clone).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return clone
}

// clonedFailures copies the counters, too.
func clonedFailures(failures []*failure) []*failure {
	cloned := make([]*failure, len(failures))
	for i, f := range failures {
		own := *f
		cloned[i] = &own
	}
	return cloned
}

// Restore puts a tenant into the state of another, often a clone that was taken of it
// before. Its settings, arranged failures and requests stay.
func (t *Tenant) Restore(state *Tenant) {
	from := state.Clone()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.made, t.directory, t.recent, t.people = max(t.made, from.made), from.directory, from.recent, from.people
}

// clone returns holdings of its own.
func (h *holdings) clone() *holdings {
	if h == nil {
		return nil
	}
	return &holdings{lists: maps.Clone(h.lists), of: maps.Clone(h.of), roles: h.roles, around: h.around}
}
