package open

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPrefixes(t *testing.T) {
	for _, value := range []string{"203.0.113.7", "203.0.113.0/24", "2001:db8::7", "2001:db8::/32", "100.63.255.255", "172.32.0.1", "0.0.0.0/0"} {
		var p Prefixes
		assert.NoError(t, p.Set(value), value)
		assert.Len(t, p, 1)
	}
	for _, value := range []string{
		"", "office", "203.0.113.0/33", "10.0.0.5", "10.1.0.0/16", "172.16.3.4", "192.168.1.1", "127.0.0.1", "169.254.1.1",
		"100.64.0.1", "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.5", "224.0.0.1",
	} {
		var p Prefixes
		assert.Error(t, p.Set(value), value)
		assert.Empty(t, p)
	}
}
