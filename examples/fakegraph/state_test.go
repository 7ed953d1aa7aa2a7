package main

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStateOutlivesTheProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.json")
	first := start(t, "-state", file)
	client := first.client(false)
	status, _ := first.call(client, first.token(client), http.MethodPost, "/v1.0/identity/conditionalAccess/namedLocations",
		strings.NewReader(`{"@odata.type":"#microsoft.graph.countryNamedLocation","displayName":"Kept","countriesAndRegions":["NL"]}`))
	require.Equal(t, http.StatusCreated, status)
	assert.NoFileExists(t, file)
	password := first.find(`password (\S+) `)
	require.Zero(t, first.stop())

	text, err := os.ReadFile(file)
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
	for _, secret := range []string{first.secret, password, "PRIVATE KEY"} {
		assert.NotContains(t, string(text), secret)
	}

	second := start(t, "-state", file)
	assert.NotEqual(t, first.secret, second.secret)
	client = second.client(false)
	_, body := second.call(client, second.token(client), http.MethodGet, "/v1.0/identity/conditionalAccess/namedLocations", nil)
	assert.Contains(t, body, `"displayName":"Kept"`)
	answer, err := client.PostForm(second.base+"/organizations/oauth2/v2.0/token", form(password))
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode, "the password is another")
	require.Zero(t, second.stop())
	leftovers(t, file)
}

// leftovers looks that nothing stands beside a state but its lock.
func leftovers(t *testing.T, file string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	for _, entry := range entries {
		assert.Contains(t, []string{filepath.Base(file), filepath.Base(file) + ".lock"}, entry.Name())
	}
}

func TestSecondProgramOnOneStateIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.json")
	start(t, "-state", file)
	second := launch(t, "-listen", "127.0.0.1:0", "-state", file)
	assert.Equal(t, exitUsage, second.status())
	assert.Contains(t, second.errors.String(), "another fakegraph has it")
	assert.Empty(t, second.out.String())
}

func TestStateIsFreeAfterAKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.json")
	first := start(t, "-state", file)
	first.signal(syscall.SIGKILL)
	first.status()
	assert.NoFileExists(t, file, "it was killed before it wrote")
	assert.Zero(t, start(t, "-state", file).stop())
	assert.FileExists(t, file)
}

func TestBrokenStateIsLeftAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tenant.json")
	broken := `{"schema":"graphfake.state/1",` + "\n" + `"tenantId":7}`
	require.NoError(t, os.WriteFile(file, []byte(broken), 0o600))
	p := launch(t, "-listen", "127.0.0.1:0", "-state", file)
	assert.Equal(t, exitUsage, p.status())
	assert.Contains(t, p.errors.String(), file+": graphfake: the state: offset 42: ")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, broken, string(text))
}

func TestStateThatCantBeWrittenStaysAsItWas(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "sub", "tenant.json")
	require.NoError(t, os.Mkdir(filepath.Dir(file), 0o700))
	p := start(t, "-state", file)
	require.NoError(t, os.RemoveAll(filepath.Dir(file)))
	assert.Equal(t, exitFailed, p.stop())
	assert.Contains(t, p.errors.String(), "no such file")
}
