package msgraph

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"

	"github.com/entramfa/entramfa/mfa"
)

// maxBody bounds an answer after decompression, so that a server gone wrong
// can't fill the memory. A page of 999 groups has a quarter of a megabyte.
const maxBody = 16 << 20

// answer is what came back over HTTP, whatever the status.
type answer struct {
	status int
	header http.Header
	body   []byte
	// tokenless: the adapter sent the request without an Authorization header.
	tokenless bool
	// caller is who calls, where the request asks and the token tells.
	caller mfa.Identity
}

// exchange sends a request once, alone. The error says that no answer came.
func (c *Client) exchange(ctx context.Context, r request) (answer, error) {
	if err := ctx.Err(); err != nil {
		return answer{}, stopped(r, err)
	}
	root, err := c.root()
	if err != nil {
		return answer{}, err
	}
	uri, err := r.url(root)
	if err != nil {
		return answer{}, fmt.Errorf("msgraph: %s %s: %w", r.method, r.path, err)
	}
	info := abstractions.NewRequestInformation()
	info.SetUri(*uri)
	fillIn(info, r)
	var kept capture
	info.AddRequestOptions(kept.options())
	err = send(ctx, c.adapter, info)
	// The body is let go, not overwritten: net/http may read it after the answer came.
	info.Content = nil
	if err == nil {
		err = kept.err
	}
	if err == nil {
		kept.answer, err = r.veil.answer(kept.answer)
	}
	if err != nil {
		return answer{}, lost(ctx, r, uri.Host, info.Headers.ContainsKey("Authorization"), err)
	}
	if !kept.seen {
		return answer{}, unreachable(r, errors.New("the request adapter did not call the response handler"))
	}
	kept.answer.tokenless = !info.Headers.ContainsKey("Authorization")
	if r.asksCaller {
		kept.answer.caller = callerOf(info.Headers.Get("Authorization"))
	}
	return kept.answer, nil
}

// fillIn sets method, headers and body.
func fillIn(info *abstractions.RequestInformation, r request) {
	info.Method = methods[r.method]
	info.Headers.Add("Accept", "application/json")
	for name, value := range r.header {
		info.Headers.Add(name, value)
	}
	if r.body == nil {
		return
	}
	info.Content = r.body
	info.Headers.Add("Content-Type", "application/json")
	info.Headers.Add("Content-Length", strconv.Itoa(len(r.body)))
}

// methods are those that this package uses.
var methods = map[string]abstractions.HttpMethod{
	http.MethodGet:    abstractions.GET,
	http.MethodPost:   abstractions.POST,
	http.MethodPatch:  abstractions.PATCH,
	http.MethodDelete: abstractions.DELETE,
}

// send calls the adapter. kiota-http-go 1.5.4 panics on a WWW-Authenticate
// header whose claims have no quotes; a server must not be able to end the program.
func send(ctx context.Context, adapter abstractions.RequestAdapter, info *abstractions.RequestInformation) (err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = &brokenAnswer{fmt.Errorf("the request adapter can't read it: %v", reason)}
		}
	}()
	_, err = adapter.SendPrimitive(ctx, info, "[]byte", nil)
	return err
}

// capture is a response handler that keeps the answer and lets the adapter
// believe that there is nothing to decode: its own errors need registered
// factories, and panic on bodies such as null.
type capture struct {
	answer answer
	seen   bool
	err    error
}

func (k *capture) options() []abstractions.RequestOption {
	handler := abstractions.NewRequestHandlerOption()
	handler.SetResponseHandler(k.keep)
	return []abstractions.RequestOption{handler, plainBody{}, noRetry{}, noRedirect{}}
}

func (k *capture) keep(native any, _ abstractions.ErrorMappings) (any, error) {
	response, ok := native.(*http.Response)
	if !ok {
		return nil, nil
	}
	defer response.Body.Close()
	k.seen = true
	k.answer.status, k.answer.header = response.StatusCode, response.Header
	k.answer.body, k.err = read(response)
	if k.err != nil {
		k.err = &brokenAnswer{k.err}
	}
	return nil, nil
}

// brokenAnswer says that an answer began and could not be read to its end.
type brokenAnswer struct{ error }

// Unwrap returns the reason.
func (b *brokenAnswer) Unwrap() error { return b.error }

// read returns the body, also where the client's transport left it compressed.
func read(response *http.Response) ([]byte, error) {
	var body io.Reader = response.Body
	if !response.Uncompressed && strings.EqualFold(response.Header.Get("Content-Encoding"), "gzip") {
		plain, err := gzip.NewReader(body)
		if errors.Is(err, io.EOF) {
			return nil, nil // no body at all
		}
		if err != nil {
			return nil, err
		}
		body = plain
	}
	text, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err == nil && len(text) > maxBody {
		err = fmt.Errorf("it is longer than %d bytes", maxBody)
	}
	return text, err
}

// The options below speak to the adapter's middleware by its keys and
// interfaces (kiota-http-go), so that no type of it has to be imported.

// plainBody switches the compression of request bodies off: after a retry the
// middleware may send a plain body that is still labelled gzip.
type plainBody struct{}

func (plainBody) GetKey() abstractions.RequestOptionKey {
	return abstractions.RequestOptionKey{Key: "CompressionHandler"}
}

// ShouldCompress returns false.
func (plainBody) ShouldCompress() bool { return false }

// noRetry leaves repeating to this package, which knows a batch from its items.
type noRetry struct{}

func (noRetry) GetKey() abstractions.RequestOptionKey {
	return abstractions.RequestOptionKey{Key: "RetryHandler"}
}

// GetShouldRetry returns a function that says no.
func (noRetry) GetShouldRetry() func(time.Duration, int, *http.Request, *http.Response) bool {
	return func(time.Duration, int, *http.Request, *http.Response) bool { return false }
}

// GetDelaySeconds returns 0.
func (noRetry) GetDelaySeconds() int { return 0 }

// GetMaxRetries returns 0.
func (noRetry) GetMaxRetries() int { return 0 }

// noRedirect hands redirects back: no call of Graph needs one, and the token
// and the account's name must not travel to where one leads.
type noRedirect struct{}

func (noRedirect) GetKey() abstractions.RequestOptionKey {
	return abstractions.RequestOptionKey{Key: "RedirectHandler"}
}

// GetShouldRedirect returns a function that says no.
func (noRedirect) GetShouldRedirect() func(*http.Request, *http.Response) bool {
	return func(*http.Request, *http.Response) bool { return false }
}

// GetMaxRedirect returns 0.
func (noRedirect) GetMaxRedirect() int { return 0 }
