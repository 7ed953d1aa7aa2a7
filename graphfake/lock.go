package graphfake

import "context"

// Lock waits until no other plan changes the tenant, or the context ends.
func (t *Tenant) Lock(ctx context.Context) (unlock func(), err error) {
	t.mu.Lock()
	if t.turn == nil {
		t.turn = make(chan struct{}, 1)
	}
	turn := t.turn
	t.mu.Unlock()
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
