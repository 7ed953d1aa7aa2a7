package main

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServesGraphOverTLS(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	p := start(t, "-ca", ca, "-hosts", "graph.example,192.0.2.7")
	assert.Equal(t, ca, p.ca)
	for _, two := range []bool{false, true} {
		client := p.client(two)
		status, body := p.call(client, p.token(client), http.MethodGet, "/v1.0/users?$select=userPrincipalName", nil)
		assert.Equal(t, http.StatusOK, status)
		assert.Contains(t, body, `"userPrincipalName":"`+demoAccount+`"`)
	}
	assert.Zero(t, p.stop())
	assert.Empty(t, p.errors.String())
	assert.FileExists(t, ca)
}

func TestCertificateIsForTheNames(t *testing.T) {
	p := start(t, "-hosts", "graph.example,192.0.2.7", "-hosts", "login.example")
	response, err := p.client(true).Get(p.base + "/common/discovery/instance")
	require.NoError(t, err)
	defer response.Body.Close()
	assert.Equal(t, 2, response.ProtoMajor)
	leaf := response.TLS.PeerCertificates[0]
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "graph.example", "192.0.2.7", "login.example"} {
		assert.NoError(t, leaf.VerifyHostname(name), name)
	}
	assert.Error(t, leaf.VerifyHostname("graph.microsoft.com"))
	assert.Error(t, leaf.CheckSignatureFrom(leaf), "it signs itself")
}

func TestAuthorityIsPublicAndTemporary(t *testing.T) {
	p := start(t)
	text, err := os.ReadFile(p.ca)
	require.NoError(t, err)
	block, rest := pem.Decode(text)
	assert.Equal(t, "CERTIFICATE", block.Type)
	assert.Empty(t, rest, "something beside the certificate")
	entries, err := os.ReadDir(filepath.Dir(p.ca))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "something beside the certificate")
	assert.Zero(t, p.stop())
	assert.NoDirExists(t, filepath.Dir(p.ca))
}

func TestPlainHTTP(t *testing.T) {
	p := start(t, "-http")
	client := p.client(false)
	status, _ := p.call(client, p.token(client), http.MethodGet, "/v1.0/organization", nil)
	assert.Equal(t, http.StatusOK, status)
	assert.True(t, strings.HasPrefix(p.base, "http://"))
	assert.NotContains(t, p.out.String(), "Authority")
}

func TestRequestUnderWayIsAnswered(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, two := range []bool{false, true} {
			p := start(t)
			client := p.client(two)
			token := p.token(client)
			body, write := io.Pipe()
			answered := make(chan string, 1)
			go func() {
				_, text := p.call(client, token, http.MethodPost, "/v1.0/directoryObjects/getByIds", body)
				answered <- text
			}()
			_, err := write.Write([]byte(`{"ids":[`))
			require.NoError(t, err)
			time.Sleep(400 * time.Millisecond) // until it has arrived
			p.signal(signal)
			time.Sleep(200 * time.Millisecond)
			require.Nil(t, p.cmd.ProcessState, "it ended before it answered")
			_, err = write.Write([]byte(`]}`))
			require.NoError(t, err)
			write.Close()
			assert.Contains(t, <-answered, `"value":[]`)
			assert.Zero(t, p.status())
		}
	}
}

func TestPortInUse(t *testing.T) {
	p := start(t)
	second := launch(t, "-listen", strings.TrimPrefix(p.base, "https://"))
	assert.Equal(t, exitUnavailable, second.status())
	assert.Contains(t, second.errors.String(), "address already in use")
	assert.NotContains(t, second.out.String(), "secret")
}

func TestLogHoldsNoSecret(t *testing.T) {
	p := start(t, "-log")
	client := p.client(false)
	token := p.token(client)
	p.call(client, token, http.MethodGet, "/v1.0/users?$top=2&access_token=hush", nil)
	p.call(client, token, http.MethodPost, "/v1.0/$batch", strings.NewReader(`{"requests":[{"id":"1","method":"GET","url":"/nowhere"}]}`))
	assert.Zero(t, p.stop())
	log := p.errors.String()
	assert.Contains(t, log, " POST /"+p.tenant+"/oauth2/v2.0/token 200\n")
	assert.Contains(t, log, " GET /v1.0/users?$top=2&access_token=hidden 400 ")
	assert.Contains(t, log, "\n  GET /v1.0/nowhere 400 ")
	assert.Equal(t, 4, strings.Count(log, "\n"), log)
	for _, secret := range []string{p.secret, token, "hush"} {
		assert.NotContains(t, log, secret)
	}
}

func TestWithoutLogNothingIsPrinted(t *testing.T) {
	p := start(t)
	p.token(p.client(false))
	assert.Zero(t, p.stop())
	assert.Empty(t, p.errors.String())
}

func TestSecretIsNewAtEachStartAndPrintedOnce(t *testing.T) {
	first, second := start(t), start(t)
	assert.NotEqual(t, first.secret, second.secret)
	assert.Equal(t, 1, strings.Count(first.out.String(), first.secret))
}

func TestServesAnExport(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "Users"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "Users", "one.json"), []byte(`{"id":"b0000000-0000-4000-8000-000000000001","userPrincipalName":"one@fabrikam.com"}`), 0o644))
	p := start(t, "-load", folder)
	client := p.client(false)
	status, body := p.call(client, p.token(client), http.MethodGet, "/v1.0/users/one@fabrikam.com", nil)
	assert.Equal(t, http.StatusOK, status, body)
}

// call runs the program within the test.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, diagnostics bytes.Buffer
	status = run(t.Context(), args, &out, &diagnostics)
	return status, out.String(), diagnostics.String()
}

func TestUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(file, []byte("mine"), 0o644))
	broken := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(broken, "Users.json"), []byte(`[{"id":]`), 0o644))
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"unknown flag":         {[]string{"-nosuch"}, "-nosuch"},
		"argument":             {[]string{"more"}, `"more" is no flag`},
		"no port":              {[]string{"-listen", "localhost"}, "an address with a port"},
		"host with scheme":     {[]string{"-hosts", "https://graph.example"}, "without scheme and port"},
		"empty host":           {[]string{"-hosts", "a,,b"}, "without scheme and port"},
		"empty file":           {[]string{"-state", ""}, "-state is empty"},
		"CA without TLS":       {[]string{"-http", "-ca", "x.pem"}, "exclude each other"},
		"no folder":            {[]string{"-load", filepath.Join(broken, "none")}, "none"},
		"file for a folder":    {[]string{"-load", file}, "is no folder"},
		"broken export":        {[]string{"-load", broken}, "Users.json: offset 7: "},
		"CA over another file": {[]string{"-listen", "127.0.0.1:0", "-ca", file}, "no certificate: it is left alone"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, diagnostics := call(t, c.args...)
			assert.Equal(t, exitUsage, status)
			assert.Empty(t, out)
			assert.Contains(t, diagnostics, c.says)
			assert.True(t, strings.HasPrefix(diagnostics, "fakegraph: "), diagnostics)
		})
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(text))
}

func TestHelp(t *testing.T) {
	status, out, diagnostics := call(t, "-h")
	assert.Zero(t, status)
	assert.Empty(t, diagnostics)
	for _, flag := range []string{"-listen", "-hosts", "-http", "-load", "-state", "-log", "-ca"} {
		assert.Contains(t, out, "\n  "+flag, flag)
	}
}

// TestREADMECommandsServe runs what the README tells to run, on a free port.
func TestREADMECommandsServe(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	commands := regexp.MustCompile(`(?m)^    go run \./examples/fakegraph(.*)$`).FindAllStringSubmatch(string(readme), -1)
	require.NotEmpty(t, commands)
	for _, command := range commands {
		p := start(t, strings.Fields(strings.Replace(command[1], ":8443", ":0", 1))...)
		client := p.client(true)
		status, _ := p.call(client, p.token(client), http.MethodGet, "/v1.0/users", nil)
		assert.Equal(t, http.StatusOK, status)
		assert.Zero(t, p.stop())
	}
}
