package graphfake

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
)

// A batch: up to 20 requests in one, each judged and throttled by itself.
// Source: https://learn.microsoft.com/graph/json-batching.

const largestBatch = 20

type batchItem struct {
	ID        string            `json:"id"`
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	Body      json.RawMessage   `json:"body"`
	DependsOn []string          `json:"dependsOn"`
}

type batchAnswer struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
}

// answerBatch answers the items. The answers come in the reverse order, for no
// client may rely on the order.
func (t *Tenant) answerBatch(c *call) (response, []Request) {
	op := operation{c.method, c.version, "/$batch"}
	if c.method != http.MethodPost {
		return t.failed(wrongMethod(), op), nil
	}
	var log []Request
	reply := t.faulty(op, func() response {
		items, refusal := openBatch(c)
		if refusal != nil {
			return t.failed(refusal, op)
		}
		var answered response
		answered, log = t.answerItems(c, items)
		return answered
	})
	return reply, log
}

func (t *Tenant) answerItems(c *call, items []batchItem) (response, []Request) {
	statuses := map[string]int{}
	answers := []batchAnswer{}
	var log []Request
	cut := false
	for _, item := range items {
		reply, request := t.answerItem(c, item, statuses)
		statuses[fold(item.ID)] = reply.status
		answers = append(answers, t.itemAnswer(item.ID, reply))
		log = append(log, request)
		cut = cut || reply.cut
	}
	slices.Reverse(answers)
	reply := response{status: http.StatusOK, header: c.answerHeader(), body: raw(map[string]any{"responses": answers}), cut: cut}
	if t.ThrottledBatchIs424 && slices.ContainsFunc(answers, func(a batchAnswer) bool { return a.Status == http.StatusTooManyRequests }) {
		reply.status = http.StatusFailedDependency
	}
	return reply, log
}

// openBatch reads a batch, in an order in which each item comes after those it depends on.
func openBatch(c *call) ([]batchItem, *entramfa.GraphError) {
	var batch struct {
		Requests []batchItem `json:"requests"`
	}
	if err := json.Unmarshal(c.body, &batch); err != nil || batch.Requests == nil {
		return nil, batchError("Invalid batch payload format.")
	}
	if len(batch.Requests) > largestBatch {
		return nil, batchError("Number of batch request steps exceeds the maximum value of %d.", largestBatch)
	}
	return ordered(batch.Requests)
}

func batchError(format string, args ...any) *entramfa.GraphError {
	return graphError(http.StatusBadRequest, "BadRequest", format, args...)
}

// ordered checks the ids, which are compared without case, and sorts by dependsOn, keeping the order otherwise.
func ordered(items []batchItem) ([]batchItem, *entramfa.GraphError) {
	ids := map[string]bool{}
	for _, item := range items {
		if item.ID == "" || item.Method == "" || item.URL == "" {
			return nil, batchError("Each request of a batch needs id, method and url.")
		}
		if ids[fold(item.ID)] {
			return nil, batchError("Request Id %s has to be unique in a batch.", item.ID)
		}
		ids[fold(item.ID)] = true
	}
	var sorted []batchItem
	done := map[string]bool{}
	for len(sorted) < len(items) {
		before := len(sorted)
		for _, item := range items {
			if !done[fold(item.ID)] && !slices.ContainsFunc(item.DependsOn, func(id string) bool { return !done[fold(id)] }) {
				done[fold(item.ID)] = true
				sorted = append(sorted, item)
			}
		}
		if len(sorted) == before {
			return nil, batchError("The dependsOn of the batch names an unknown request or runs in a circle.")
		}
	}
	return sorted, nil
}

func (t *Tenant) answerItem(c *call, item batchItem, statuses map[string]int) (response, Request) {
	path, query, _ := strings.Cut(item.URL, "?")
	if !strings.HasPrefix(path, "/") { // as an example in Microsoft's page has it
		path = "/" + path
	}
	inner := &call{
		method: strings.ToUpper(item.Method), version: c.version, base: c.base, path: path, query: query,
		header: http.Header{}, body: item.Body, roles: c.roles, who: c.who, delegated: c.delegated,
	}
	for name, value := range item.Headers {
		inner.header.Set(name, value)
	}
	reply := t.dispatchItem(inner, item, statuses)
	return reply, Request{
		Method: inner.method, Path: "/" + c.version + path, Query: query, Header: public(inner.header),
		Status: reply.status, Code: reply.code, unknown: reply.unknown,
	}
}

func (t *Tenant) dispatchItem(inner *call, item batchItem, statuses map[string]int) response {
	op := operation{inner.method, inner.version, inner.path}
	failedBefore := slices.ContainsFunc(item.DependsOn, func(id string) bool { return statuses[fold(id)] >= 400 })
	switch {
	case failedBefore:
		return t.failed(graphError(http.StatusFailedDependency, "FailedDependency", "A request on which this one depends has failed."), op)
	case isAbsolute(item.URL):
		return t.failed(batchError("The url '%s' of a batch request must be relative to the version.", item.URL), op)
	case isBatch(inner.path):
		return t.failed(batchError("Nested batch requests are not allowed."), op)
	case item.lacksBody():
		return t.failed(batchError("Write request id : %s does not contain Content-Type header or body.", item.ID), op)
	}
	if body, ok := item.binary(inner.header.Get("Content-Type")); ok {
		inner.body = body
	}
	return t.answerCall(inner)
}

func isBatch(path string) bool { return strings.EqualFold(strings.Trim(path, "/"), "$batch") }

// isAbsolute says whether an address names a host.
func isAbsolute(address string) bool {
	parsed, err := url.Parse(address)
	return err != nil || parsed.Scheme != "" || parsed.Host != ""
}

// lacksBody says whether an item has half of what a write needs: a body, be it {}, and its type.
func (item batchItem) lacksBody() bool {
	typed := false
	for name := range item.Headers {
		typed = typed || strings.EqualFold(name, "Content-Type")
	}
	hasBody := len(item.Body) > 0 && string(item.Body) != "null"
	switch strings.ToUpper(item.Method) {
	case http.MethodPost, http.MethodPatch, http.MethodPut:
		return !hasBody || !typed
	}
	return hasBody && !typed
}

// binary returns a body that isn't JSON, which stands in the batch as base64.
func (item batchItem) binary(contentType string) ([]byte, bool) {
	text, isText := textOf(item.Body)
	if !isText || isJSON(contentType) {
		return nil, false
	}
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	body, err := base64.RawStdEncoding.DecodeString(text)
	return body, err == nil
}

// itemBody is a body as it stands in a batch: JSON as it is, all else as base64.
func itemBody(reply response, body []byte) json.RawMessage {
	if len(body) == 0 || isJSON(reply.header.Get("Content-Type")) && json.Valid(body) {
		return body
	}
	return raw(base64.StdEncoding.EncodeToString(body))
}

func (t *Tenant) itemAnswer(id string, reply response) batchAnswer {
	request := t.newRequestID()
	headers := map[string]string{"request-id": request}
	for name := range reply.header {
		headers[name] = reply.header.Get(name)
	}
	return batchAnswer{ID: id, Status: reply.status, Headers: headers, Body: itemBody(reply, t.stamp(reply, request, request))}
}
