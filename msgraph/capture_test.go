package msgraph_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// A tenant that is captured through Graph is the one that is captured directly.
func TestCaptureThroughGraph(t *testing.T) {
	tenant := busyTenant(t)
	server := httptest.NewTLSServer(tenant)
	t.Cleanup(server.Close)
	client := msgraph.New(newAdapterWith(t, grants{tenant, allPermissions()}, server, "127.0.0.1"), nil)
	key := []byte("a key of the test, long enough")
	directly, err := graphfake.Capture(t.Context(), tenant, key, account)
	require.NoError(t, err)
	through, err := graphfake.Capture(t.Context(), client, key, account)
	require.NoError(t, err)
	pseudonym := graphfake.Pseudonym(key, account)
	want, err := mfa.Check(t.Context(), directly, pseudonym, nil)
	require.NoError(t, err)
	got, err := mfa.Check(t.Context(), through, pseudonym, nil)
	require.NoError(t, err)
	assert.Equal(t, want.Outcome, got.Outcome)
	require.Len(t, got.Findings, len(want.Findings))
	for i, f := range want.Findings {
		assert.Equal(t, []any{f.ID, f.Name, f.Outcome, f.Extent}, []any{got.Findings[i].ID, got.Findings[i].Name, got.Findings[i].Outcome, got.Findings[i].Extent})
	}
	assert.NotContains(t, string(through.Snapshot()), "Department")
}
