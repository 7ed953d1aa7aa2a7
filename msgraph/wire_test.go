package msgraph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	khttp "github.com/microsoft/kiota-http-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/msgraph"
)

// wire is a server whose answers a test writes down, and its log.
type wire struct {
	*httptest.Server
	// answers holds the handlers by path, "/v1.0/users/x".
	answers map[string]http.HandlerFunc

	mu   sync.Mutex
	sent []call
}

// call is a request that came over the wire; items are those of a batch.
type call struct {
	method, uri string
	header      http.Header
	body        string
	items       []item
}

type item struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

// newWire serves the answers over TLS. A $batch is split and its items are
// answered by the same handlers, unless a handler has its path.
func newWire(t *testing.T, answers map[string]http.HandlerFunc) *wire {
	t.Helper()
	w := &wire{answers: answers}
	w.Server = httptest.NewUnstartedServer(w)
	w.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that hang up are what is tested
	w.StartTLS()
	t.Cleanup(w.Close)
	return w
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	c := call{method: r.Method, uri: r.RequestURI, header: r.Header, body: string(body)}
	version, isBatch := strings.CutSuffix(r.URL.Path, "/$batch")
	if isBatch {
		var batch struct{ Requests []item }
		_ = json.Unmarshal(body, &batch)
		c.items = batch.Requests
	}
	w.mu.Lock()
	w.sent = append(w.sent, c)
	answer := w.answers[r.URL.Path]
	w.mu.Unlock()
	switch {
	case answer != nil:
		answer(rw, r)
	case isBatch:
		w.batch(rw, r, version, c.items)
	default:
		graphError(http.StatusNotFound, "Request_ResourceNotFound")(rw, r)
	}
}

// batch answers the items, the last one first.
func (w *wire) batch(rw http.ResponseWriter, r *http.Request, version string, items []item) {
	responses := []map[string]any{}
	for _, it := range items {
		inner := httptest.NewRequestWithContext(r.Context(), it.Method, version+it.URL, bytes.NewReader(it.Body))
		recorder := httptest.NewRecorder()
		answer := w.answers[inner.URL.Path]
		if answer == nil {
			answer = graphError(http.StatusNotFound, "Request_ResourceNotFound")
		}
		answer(recorder, inner)
		headers := map[string]string{}
		for name := range recorder.Header() {
			headers[name] = recorder.Header().Get(name)
		}
		var content any = recorder.Body.Bytes() // base64, as Graph does with what isn't JSON
		if json.Valid(recorder.Body.Bytes()) {
			content = json.RawMessage(recorder.Body.Bytes())
		}
		responses = append([]map[string]any{{"id": it.ID, "status": recorder.Code, "headers": headers, "body": content}}, responses...)
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Header().Set("request-id", "batch-id")
	_ = json.NewEncoder(rw).Encode(map[string]any{"responses": responses})
}

// calls returns the log so far.
func (w *wire) calls() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call(nil), w.sent...)
}

// lines returns the log as "GET /v1.0/users".
func (w *wire) lines() []string {
	var lines []string
	for _, c := range w.calls() {
		line := c.method + " " + c.uri
		if c.items != nil {
			line += fmt.Sprintf(" [%d]", len(c.items))
		}
		lines = append(lines, line)
	}
	return lines
}

// client returns a Client whose adapter has the SDK's default middleware.
func (w *wire) client(t *testing.T, opts *msgraph.Options) *msgraph.Client {
	t.Helper()
	return msgraph.New(newAdapter(t, w.Server, "127.0.0.1"), opts)
}

func newAdapter(t testing.TB, server *httptest.Server, validHost string) *core.GraphRequestAdapterBase {
	t.Helper()
	return newAdapterWith(t, staticToken{}, server, validHost)
}

// newAdapterWith returns an adapter with the SDK's default middleware.
func newAdapterWith(t testing.TB, cred azcore.TokenCredential, server *httptest.Server, validHost string) *core.GraphRequestAdapterBase {
	t.Helper()
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
		cred, []string{"https://graph.microsoft.com/.default"}, []string{validHost})
	require.NoError(t, err)
	options := &core.GraphClientOptions{}
	client := khttp.GetDefaultClient()
	client.Transport = khttp.NewCustomTransportWithParentTransport(server.Client().Transport, core.GetDefaultMiddlewaresWithOptions(options)...)
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, *options, nil, nil, client)
	require.NoError(t, err)
	adapter.SetBaseUrl(server.URL + "/v1.0")
	return adapter
}

// staticToken is a credential that always has the same token, and one for each claims challenge.
type staticToken struct{}

func (staticToken) GetToken(_ context.Context, opts azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token" + opts.Claims, ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// waits makes a client's waiting instant and notes it.
type waits struct {
	mu   sync.Mutex
	list []time.Duration
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func (w *waits) on(client *msgraph.Client) *msgraph.Client {
	client.SetClock(noon, func(ctx context.Context, d time.Duration) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.list = append(w.list, d)
		return ctx.Err()
	})
	return client
}

// reply answers with JSON.
func reply(text string) http.HandlerFunc { return replyWith(http.StatusOK, text) }

func replyWith(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("request-id", "header-id")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// graphError answers with an error of Graph.
func graphError(status int, code string) http.HandlerFunc {
	return replyWith(status, `{"error":{"code":"`+code+`","message":"Something was wrong.","innerError":{"request-id":"inner-id"}}}`)
}

// headed adds a header to an answer.
func headed(name, value string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(name, value)
		next(w, r)
	}
}

// inTurn gives the answers one after the other, the last one for ever.
func inTurn(answers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		next := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		next(w, r)
	}
}

// userID is the object id of the account of userJSON.
const userID = "0a0a0a0a-0000-4000-8000-000000000001"

const userJSON = `{"id":"` + userID + `","userPrincipalName":"svc@contoso.com","displayName":"Service","accountEnabled":true}`

// inProcess answers requests without a socket, each after a latency, so that a
// test can run in a synctest bubble and read the time off the clock.
type inProcess struct {
	handler http.Handler
	latency time.Duration
}

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	time.Sleep(p.latency)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	if served.Body == nil {
		served.Body = http.NoBody
	}
	p.handler.ServeHTTP(recorder, served)
	return recorder.Result(), nil
}

// connect returns a client that reaches a handler without a socket.
func connect(t testing.TB, handler http.Handler, latency time.Duration) *msgraph.Client {
	t.Helper()
	client, err := msgraph.Connect(staticToken{}, &msgraph.Options{
		HTTPClient: &http.Client{Transport: inProcess{handler, latency}},
	})
	require.NoError(t, err)
	return client
}
