package msgraph_test

import (
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
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
	assert.Equal(t, string(directly.Snapshot()), string(through.Snapshot()))
	assert.NotContains(t, string(through.Snapshot()), "Department")
}
