package graphfake

// Write is one call that changed the tenant.
type Write struct {
	// Method and Path are those of the call, the path with its version and under the
	// first of its names.
	Method, Path string
	// Changes are what it changed, as Diff tells it. A call that wrote what was there
	// already has none.
	Changes []Difference
}

// String returns the call, and what it changed in lines behind it.
func (w Write) String() string {
	text := w.Method + " " + w.Path
	for _, d := range w.Changes {
		text += "\n  " + d.String()
	}
	return text
}

// recordedWrite keeps the states before and after a call. Both cost next to nothing.
type recordedWrite struct {
	operation
	before, after *directory
}

// Written returns the calls, over HTTP and by method, that wrote without being refused,
// in their order. ForgetRequests empties it; where Log is set, nothing is kept. What was made by
// arrangement, and what a person did, is not among it.
func (t *Tenant) Written() []Write {
	t.mu.Lock()
	recorded := t.writes[:len(t.writes):len(t.writes)]
	t.mu.Unlock()
	writes := make([]Write, len(recorded))
	for i, r := range recorded {
		writes[i] = Write{r.method, "/" + r.version + r.path, differences(r.before.document(), r.after.document())}
	}
	return writes
}

// recorded has a call that writes served, and notes it; the caller holds mu.
func recorded[T any](t *Tenant, op operation, serve func() (T, error)) (T, error) {
	if t.Log != nil {
		return serve()
	}
	before := t.directory
	done, err := serve()
	if err == nil {
		after := t.directory
		t.writes = append(t.writes, recordedWrite{op, &before, &after})
	}
	return done, err
}
