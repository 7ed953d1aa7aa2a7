//go:build unix

package graphfake_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
)

func TestLoadReadsRegularFilesAlone(t *testing.T) {
	export := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(export, "pipe.json"), 0o600))
	require.NoError(t, os.Symlink("pipe.json", filepath.Join(export, "link.json")))
	require.NoError(t, os.Symlink("/dev/zero", filepath.Join(export, "zero.json")))
	_, err := graphfake.Load(os.DirFS(export))
	for _, name := range []string{"pipe.json", "link.json", "zero.json"} {
		assert.ErrorContains(t, err, "graphfake: "+name+": it is no regular file")
	}
}
