package msgraph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"

	azlog "github.com/Azure/azure-sdk-for-go/sdk/azcore/log"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	khttp "github.com/microsoft/kiota-http-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

// leaks is all that somebody may see beside the wire: errors, results, logs, traces.
type leaks struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *leaks) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *leaks) add(format string, args ...any) { fmt.Fprintf(l, format+"\n", args...) }

// show prints a value in every way.
func (l *leaks) show(t *testing.T, value any) {
	t.Helper()
	l.add("%v %+v %#v", value, value, value)
	slog.New(slog.NewJSONHandler(l, nil)).Info("shown", "value", value)
	slog.New(slog.NewTextHandler(l, nil)).Info("shown", "value", value)
	if err, failed := value.(error); failed {
		l.error(t, err)
		return
	}
	text, err := json.Marshal(value)
	require.NoError(t, err)
	l.add("%s", text)
}

// error prints all that an error wraps.
func (l *leaks) error(t *testing.T, err error) {
	t.Helper()
	l.add("%v %+v %#v %q", err, err, err, err)
	var graph *entramfa.GraphError
	if errors.As(err, &graph) {
		l.add("%#v", *graph)
	}
	switch err := err.(type) {
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			l.error(t, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			l.error(t, inner)
		}
	}
}

// listen collects what the SDK and the standard library log and trace.
func listen(t *testing.T) *leaks {
	t.Helper()
	var l leaks
	tracing, logging, flags := otel.GetTracerProvider(), log.Writer(), log.Flags()
	otel.SetTracerProvider(tracers{seen: &l})
	log.SetOutput(&l)
	azlog.SetListener(func(event azlog.Event, text string) { l.add("%s %s", event, text) })
	t.Cleanup(func() {
		otel.SetTracerProvider(tracing)
		log.SetOutput(logging)
		log.SetFlags(flags)
		azlog.SetListener(nil)
	})
	return &l
}

// tracers is OpenTelemetry with a program that keeps everything.
type tracers struct {
	noop.TracerProvider
	seen *leaks
}

func (p tracers) Tracer(string, ...trace.TracerOption) trace.Tracer { return tracer{seen: p.seen} }

type tracer struct {
	noop.Tracer
	seen *leaks
}

func (t tracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	t.seen.add("span %s %v", name, trace.NewSpanStartConfig(opts...))
	s := span{seen: t.seen}
	return trace.ContextWithSpan(ctx, s), s
}

type span struct {
	noop.Span
	seen *leaks
}

func (s span) IsRecording() bool { return true }

func (s span) SetAttributes(attributes ...attribute.KeyValue) {
	for _, a := range attributes {
		s.seen.add("attribute %s=%s", a.Key, a.Value.Emit())
	}
}

func (s span) RecordError(err error, _ ...trace.EventOption) {
	s.seen.add("span error %v %#v", err, err)
}

func (s span) AddEvent(name string, opts ...trace.EventOption) {
	s.seen.add("event %s %v", name, trace.NewEventConfig(opts...))
}

func (s span) SetStatus(_ codes.Code, text string) { s.seen.add("span status %s", text) }

func (s span) SetName(name string) { s.seen.add("span name %s", name) }

func (s span) TracerProvider() trace.TracerProvider { return tracers{seen: s.seen} }

// dumping notes each request without its body, as a debugging proxy does.
type dumping struct {
	next http.RoundTripper
	seen *leaks
}

func (d dumping) RoundTrip(r *http.Request) (*http.Response, error) {
	head, err := httputil.DumpRequest(r, false)
	if err != nil {
		return nil, err
	}
	d.seen.add("%s", head)
	return d.next.RoundTrip(r)
}

// loud is the SDK's client with everything on that it can tell.
func loud(t *testing.T, next http.RoundTripper, base string, seen *leaks) *msgraph.Client {
	t.Helper()
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
		staticToken{}, []string{"https://graph.microsoft.com/.default"}, []string{"127.0.0.1"})
	require.NoError(t, err)
	client := khttp.GetDefaultClient()
	client.Transport = khttp.NewCustomTransportWithParentTransport(dumping{next, seen}, core.GetDefaultMiddlewaresWithOptions(&core.GraphClientOptions{})...)
	adapter, err := khttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClientAndObservabilityOptions(
		auth, nil, nil, client, khttp.ObservabilityOptions{IncludeEUIIAttributes: true})
	require.NoError(t, err)
	adapter.SetBaseUrl(base + "/v1.0")
	var instant waits
	return instant.on(msgraph.New(adapter, &msgraph.Options{MaxTries: 2}))
}

// secretCalls sends each secret of an enrolment.
func secretCalls(password, number mfa.Secret) map[string]func(context.Context, *msgraph.Client) []any {
	return map[string]func(context.Context, *msgraph.Client) []any{
		"AddPhone": func(ctx context.Context, c *msgraph.Client) []any {
			method, receipt, err := c.AddPhone(ctx, userID, mfa.PhoneMobile, number)
			return []any{method, receipt, err}
		},
		"UpdatePhone": func(ctx context.Context, c *msgraph.Client) []any {
			receipt, err := c.UpdatePhone(ctx, userID, mobileID, mfa.PhoneMobile, number)
			return []any{receipt, err}
		},
		"UpdateMobilePhone": func(ctx context.Context, c *msgraph.Client) []any {
			receipt, err := c.UpdateMobilePhone(ctx, userID, number)
			return []any{receipt, err}
		},
		"SetPassword": func(ctx context.Context, c *msgraph.Client) []any {
			receipt, err := c.SetPassword(ctx, userID, password)
			return []any{receipt, err}
		},
		"ResetPassword": func(ctx context.Context, c *msgraph.Client) []any {
			begun, receipt, err := c.ResetPassword(ctx, userID, password)
			return []any{begun, receipt, err}
		},
	}
}

// gossips are services that repeat a text wherever they can.
func gossips(form string) map[string]http.HandlerFunc {
	quoted, _ := json.Marshal(form)
	text := string(quoted)
	header := strings.NewReplacer("\r", " ", "\n", " ").Replace(form)
	everywhere := `{"error":{"code":` + text + `,"message":` + text + `,"target":` + text + `,"details":[{"message":` + text + `}],` +
		`"innerError":{"code":` + text + `,"message":` + text + `,"request-id":` + text + `,` + text + `:1}}}`
	answers := map[string]http.HandlerFunc{
		"not JSON": replyWith(400, form), "HTML": replyWith(400, "<html>"+form), "200, not JSON": reply(form), "half JSON": replyWith(201, `{"id":`+text),
		"200 with an error": reply(everywhere), "a list": reply("[" + text + "]"), "names": reply(`{` + text + `:{"id":` + text + `}}`),
		"id":     reply(`{"id":` + text + `,"phoneType":` + text + `,"phoneNumber":` + text + `,"displayName":` + text + `}`),
		"202":    headed("Location", "/v1.0/users/"+header+"/authentication/operations/"+header+"?x="+header, replyWith(202, everywhere)),
		"place":  headed("Location", "/v1.0"+operation+"?x="+header, replyWith(202, `{}`)),
		"host":   headed("Location", "https://"+header+".example/", replyWith(202, `{"newPassword":`+text+`}`)),
		"moved":  headed("Location", "https://x.example/"+header, replyWith(307, form)),
		"claims": headed("WWW-Authenticate", `Bearer claims=`+header, replyWith(401, everywhere)),
	}
	for _, status := range []int{400, 401, 403, 404, 409, 429, 500, 503} {
		answers[fmt.Sprintf("error %d", status)] = headed("Request-Id", header, replyWith(status, everywhere))
	}
	// Past where a message is cut.
	long, _ := json.Marshal(strings.Repeat("x ", 290) + form + strings.Repeat(" y", 300))
	answers["long"] = replyWith(400, `{"error":{"code":"x","message":`+string(long)+`}}`)
	return answers
}

func TestSecretsStandNowhereButInTheBody(t *testing.T) {
	seen := listen(t)
	var password, number = `Corr3ct"Hor&e Bätt/ery+9`, "+1 2065550100"
	calls := secretCalls(mfa.NewSecret(password), mfa.NewSecret(number))
	w := newWire(t, nil)
	client := loud(t, w.Client().Transport, w.URL, seen)
	for name, call := range calls {
		secret := password
		if strings.Contains(name, "Phone") {
			secret = number
		}
		// The others are those of a veil alone, which has its own test.
		for _, how := range []string{"itself", "JSON in JSON", "octets", "base64 of the body, 1 before"} {
			form := msgraph.Spellings(t, secret)[how]
			require.NotEmpty(t, form, how)
			for where, answer := range gossips(form) {
				answers := map[string]http.HandlerFunc{}
				for _, path := range []string{phonesURI, phonesURI + "/" + mobileID, userURI, resetURI} {
					answers[path] = answer
				}
				w.mu.Lock()
				w.answers = answers
				w.mu.Unlock()
				seen.text.Reset()
				for _, value := range call(t.Context(), client) {
					if value != nil {
						seen.show(t, value)
					}
				}
				noSecret(t, seen.text.String(), secret, form, name+": "+how+" in "+where)
			}
		}
	}
	for _, sent := range w.calls() {
		assert.Empty(t, sent.header.Get("Content-Encoding"))
		noSecret(t, sent.uri+fmt.Sprint(sent.header), password, "", sent.uri)
		noSecret(t, sent.uri+fmt.Sprint(sent.header), number, "", sent.uri)
	}
}

// noSecret looks for the secret, the spelling that was repeated, and parts of them
// that no other text has.
func noSecret(t *testing.T, shown, secret, form, where string) {
	t.Helper()
	shown = strings.ToLower(shown)
	parts := []string{secret, form}
	if strings.HasPrefix(secret, "+") {
		parts = append(parts, "206555", "5550100")
	} else {
		parts = append(parts, "corr3ct", "ttery", "ery+9")
	}
	for _, part := range parts {
		if part != "" && strings.Contains(shown, strings.ToLower(part)) {
			at := strings.Index(shown, strings.ToLower(part))
			t.Fatalf("%s shows %q: …%s", where, part, shown[max(0, at-200):min(len(shown), at+200)])
		}
	}
}

// indiscreet is a transport that repeats the request in its error.
type indiscreet struct{ wrapped error }

func (i indiscreet) RoundTrip(r *http.Request) (*http.Response, error) {
	whole, _ := httputil.DumpRequest(r, true)
	return nil, &held{string(whole), i.wrapped}
}

// held is an error that holds a request.
type held struct {
	Request string
	wrapped error
}

func (h *held) Error() string { return "can't send " + h.Request }

func (h *held) Unwrap() error { return h.wrapped }

// A transport tells the SDK's tracing itself what it likes; the errors that the
// Client returns hold nothing of it.
func TestErrorsOfATransportAreHidden(t *testing.T) {
	const password, number = `Corr3ct"Hor&e Battery+9`, "+1 2065550100"
	for name, call := range secretCalls(mfa.NewSecret(password), mfa.NewSecret(number)) {
		for _, cause := range []error{io.ErrUnexpectedEOF, context.DeadlineExceeded} {
			var seen leaks
			results := call(t.Context(), loud(t, indiscreet{cause}, "https://127.0.0.1", &seen))
			err, failed := results[len(results)-1].(error)
			require.True(t, failed, name)
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			require.ErrorIs(t, err, cause, "it is known for what it is")
			require.ErrorContains(t, err, open)
			var inner *held
			assert.False(t, errors.As(err, &inner), name)
			seen.show(t, err)
			noSecret(t, seen.text.String(), password, "", name)
			noSecret(t, seen.text.String(), number, "", name)
		}
	}
}

// clumsy is an adapter that fails and says with what, and keeps the request.
type clumsy struct {
	abstractions.RequestAdapter
	panics bool
	kept   *abstractions.RequestInformation
}

func (c *clumsy) SendPrimitive(_ context.Context, info *abstractions.RequestInformation, _ string, _ abstractions.ErrorMappings) (any, error) {
	info.Headers.Add("Authorization", "Bearer x")
	c.kept = info
	if c.panics {
		panic("can't send " + string(info.Content))
	}
	return nil, errors.New("can't send " + string(info.Content))
}

func TestErrorsOfAnAdapterAreHidden(t *testing.T) {
	const password, number = `Corr3ct"Hor&e Battery+9`, "+1 2065550100"
	for name, call := range secretCalls(mfa.NewSecret(password), mfa.NewSecret(number)) {
		for _, panics := range []bool{false, true} {
			var seen leaks
			adapter := &clumsy{panics: panics}
			results := call(t.Context(), msgraph.New(adapter, &msgraph.Options{BaseURL: "https://127.0.0.1"}))
			err, failed := results[len(results)-1].(error)
			require.True(t, failed, name)
			require.ErrorContains(t, err, "can't send")
			require.ErrorContains(t, err, open)
			seen.show(t, err)
			noSecret(t, seen.text.String(), password, "", name)
			noSecret(t, seen.text.String(), number, "", name)
			assert.Nil(t, adapter.kept.Content, "the body is let go")
		}
	}
}

// The tests above must be able to fail: the same service makes a client that doesn't
// know the secret repeat it.
func TestGossipIsHeard(t *testing.T) {
	seen := listen(t)
	w := newWire(t, map[string]http.HandlerFunc{userURI: gossips("Corr3ctBattery9")["error 400"]})
	_, err := loud(t, w.Client().Transport, w.URL, seen).User(t.Context(), userID)
	require.ErrorContains(t, err, "Corr3ctBattery9")
	seen.show(t, err)
	for _, want := range []string{"Corr3ctBattery9", "attribute url.full=" + w.URL + userURI, "GET " + userURI, "span "} {
		assert.True(t, bytes.Contains([]byte(seen.text.String()), []byte(want)), want)
	}
}
