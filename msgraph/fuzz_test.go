package msgraph

import (
	"net/http"
	"testing"
	"time"

	"github.com/entramfa/entramfa/policy"
)

// FuzzAnswer feeds bodies to everything that decodes one: none may panic, and
// what is no success must be an error.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"value":[{"id":"1"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/x"}`,
		`{"error":{"code":"x","message":"y","innerError":{"request-id":"z"}}}`,
		`{"responses":[{"id":"1","status":200,"headers":{"Retry-After":"1"},"body":{"id":"d"}},{"id":"2","status":429,"body":"PGh0bWw+"}]}`,
		`{"error":{}}`, `null`, `<html>`, ``,
	} {
		f.Add(200, []byte(seed))
		f.Add(403, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r := get(v1, domainPath, "d")
		a := answer{status: status, header: http.Header{}, body: body}
		if err := refusal(r, a, time.Time{}); (err == nil) != (status >= 200 && status < 300) {
			t.Errorf("status %d: %v", status, err)
		} else if err != nil {
			_ = err.Error()
		}
		if page, err := decodePage[policy.Policy](a, maxItems); err != nil && page.values != nil {
			t.Error("half a list")
		}
		responses, err := decodeBatch(a)
		for _, id := range []string{"1", "2"} {
			if got := replyOf(responses[id], r, a, err); got.err == nil && got.answer.status == 0 {
				t.Error("no answer and no error")
			}
		}
	})
}
