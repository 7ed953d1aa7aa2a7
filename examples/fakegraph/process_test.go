package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// binary is the program, built for the tests as a user builds it.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "fakegraph-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "fakegraph")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	status := m.Run()
	os.RemoveAll(folder)
	os.Exit(status)
}

// process is the program while it runs.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	out    *output
	errors *output
	base   string
	ca     string
	secret string
	tenant string
}

// output is what a process wrote so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(text []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(text)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start runs the program until it listens, on a free port.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := launch(t, append([]string{"-listen", "127.0.0.1:0"}, args...)...)
	require.Eventually(t, func() bool { return strings.Contains(p.out.String(), "How to point") }, 20*time.Second, 5*time.Millisecond,
		"it didn't say that it listens: %s", p.errors)
	p.base = p.find(`Graph +(\S+)/v1\.0`)
	p.secret = p.find(`secret ([A-Z0-9]+) `)
	p.tenant = p.find(`Tenant +(\S+)`)
	if strings.HasPrefix(p.base, "https:") {
		p.ca = p.find(`Authority +(\S+) `)
	}
	return p
}

// launch runs the program, whatever comes of it.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(binary, args...), out: &output{}, errors: &output{}}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.errors
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.cmd.Process.Kill()
			p.cmd.Wait()
		}
	})
	return p
}

func (p *process) find(pattern string) string {
	p.t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(p.out.String())
	require.NotNil(p.t, found, "%s in %s", pattern, p.out)
	return found[1]
}

// signal ends the program.
func (p *process) signal(signal os.Signal) { require.NoError(p.t, p.cmd.Process.Signal(signal)) }

// status waits for the end, and returns the exit status.
func (p *process) status() int {
	p.t.Helper()
	done := make(chan struct{})
	go func() { p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		require.Fail(p.t, "it doesn't end")
	}
	return p.cmd.ProcessState.ExitCode()
}

// stop ends the program as a service manager does.
func (p *process) stop() int {
	p.t.Helper()
	p.signal(syscall.SIGTERM)
	return p.status()
}

// client is one that trusts the authority, with HTTP/2 where it is wanted.
func (p *process) client(two bool) *http.Client {
	p.t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetHTTP1(!two)
	transport.Protocols.SetHTTP2(two)
	if p.ca != "" {
		text, err := os.ReadFile(p.ca)
		require.NoError(p.t, err)
		roots := x509.NewCertPool()
		require.True(p.t, roots.AppendCertsFromPEM(text))
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	p.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// token signs the application in.
func (p *process) token(client *http.Client) string {
	p.t.Helper()
	response, err := client.PostForm(p.base+"/"+p.tenant+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {demoApplication}, "client_secret": {p.secret}, "scope": {"https://graph.microsoft.com/.default"},
	})
	require.NoError(p.t, err)
	defer response.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	require.NoError(p.t, json.NewDecoder(response.Body).Decode(&answer))
	require.NotEmpty(p.t, answer.AccessToken)
	return answer.AccessToken
}

// call makes one call of Graph.
func (p *process) call(client *http.Client, token, method, path string, body io.Reader) (int, string) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, p.base+path, body)
	require.NoError(p.t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	require.NoError(p.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, string(text)
}

// form asks a token for the account of the built-in tenant.
func form(password string) url.Values {
	return url.Values{
		"grant_type": {"password"}, "client_id": {demoApplication}, "scope": {"https://graph.microsoft.com/.default"},
		"username": {demoAccount}, "password": {password},
	}
}
