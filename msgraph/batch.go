package msgraph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/entramfa/entramfa"
)

// maxBatch is how many requests Graph takes in one batch.
// Source: https://learn.microsoft.com/graph/json-batching.
const maxBatch = 20

// batchTemplate is the path of a batch.
const batchTemplate = "/$batch"

// batchRequest is one request of a batch; URL is relative to the version.
type batchRequest struct {
	ID      string            `json:"id"`
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// batchResponse is one answer of a batch; they come in any order.
type batchResponse struct {
	ID      string          `json:"id"`
	Status  int             `json:"status"`
	Headers map[string]any  `json:"headers"`
	Body    json.RawMessage `json:"body"`
}

// batch sends the requests of tickets, all of one version, as one batch and
// returns a reply for each. It is not usable where batches as such are refused.
func (c *Client) batch(ctx context.Context, tickets []*ticket) (replies []reply, usable bool) {
	r := request{version: tickets[0].request.version, method: http.MethodPost, template: batchTemplate, path: batchTemplate}
	r.body = encodeBatch(tickets)
	a, err := c.call(c.alone(ctx), r)
	if batchesRefused(err) {
		return nil, false
	}
	replies = make([]reply, len(tickets))
	if err != nil {
		for i, t := range tickets {
			replies[i] = reply{err: readdress(err, t.request), final: true}
		}
		return replies, true
	}
	responses, err := decodeBatch(a)
	for i, t := range tickets {
		replies[i] = replyOf(responses[strconv.Itoa(i+1)], t.request, a, err)
	}
	return replies, true
}

// batchesRefused says whether an error speaks of batches and not of what was asked.
func batchesRefused(err error) bool {
	var graph *entramfa.GraphError
	if !errors.As(err, &graph) {
		return false
	}
	switch graph.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestEntityTooLarge, http.StatusNotImplemented:
		return true
	}
	return false
}

// encodeBatch numbers the requests from 1 on.
func encodeBatch(tickets []*ticket) []byte {
	var batch struct {
		Requests []batchRequest `json:"requests"`
	}
	for i, t := range tickets {
		item := batchRequest{ID: strconv.Itoa(i + 1), Method: t.request.method, URL: t.request.relative(), Body: t.request.body}
		item.Headers = t.request.header
		if t.request.body != nil {
			item.Headers = t.request.headed("Content-Type", "application/json").header
		}
		batch.Requests = append(batch.Requests, item)
	}
	text, _ := json.Marshal(batch) // texts, and bodies that this package encoded: it can't fail
	return text
}

// decodeBatch returns the responses by id. An id that stands twice is an
// error, for nobody can tell which of the two is meant.
func decodeBatch(a answer) (map[string]*batchResponse, error) {
	var batch struct {
		Responses *[]batchResponse `json:"responses"`
	}
	if err := decode(a, &batch); err != nil {
		return nil, err
	}
	if batch.Responses == nil {
		return nil, errors.New(`the batch has no "responses"`)
	}
	byID := make(map[string]*batchResponse, len(*batch.Responses))
	for _, response := range *batch.Responses {
		if byID[response.ID] != nil {
			return nil, errors.New("the batch answers request " + strconv.Quote(response.ID) + " twice")
		}
		byID[response.ID] = &response
	}
	return byID, nil
}

// replyOf turns a response into the reply to the request that it answers.
func replyOf(response *batchResponse, r request, batch answer, err error) reply {
	if err == nil && response == nil {
		err = errors.New("the batch doesn't answer this request")
	}
	if err == nil && (response.Status < 100 || response.Status > 599) {
		err = errors.New("the batch gives this request no HTTP status")
	}
	if err != nil {
		return reply{err: unreadable(r, batch, err), final: true}
	}
	a := answer{status: response.Status, header: http.Header{}, body: response.Body}
	a.header.Set("request-id", batch.header.Get("request-id"))
	for name, value := range response.Headers {
		if text, ok := value.(string); ok {
			a.header.Set(name, text)
		}
	}
	// What isn't JSON comes as a JSON string in base64.
	var encoded string
	if json.Unmarshal(a.body, &encoded) == nil && len(a.body) > 0 && a.body[0] == '"' {
		if text, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			a.body = text
		}
	}
	return reply{answer: a, batched: true}
}
