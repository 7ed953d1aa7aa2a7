package msgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// unsure is the error of a change that may have been made all the same.
type unsure struct{ error }

// Error adds what to do.
func (u *unsure) Error() string {
	return u.error.Error() + "; it is open whether the change was made: read before trying again"
}

// Unwrap returns the error of the call.
func (u *unsure) Unwrap() error { return u.error }

// open marks the errors behind which the change may have been made: no answer,
// half of one, one that isn't Graph's, and the 5xx of Graph.
func open(err error) error {
	var f *failure
	if !errors.Is(err, entramfa.ErrUnavailable) || errors.As(err, &f) && f.unsent {
		return err
	}
	return &unsure{err}
}

// change makes a change and takes 200, 201 and 204 for success.
func (c *Client) change(ctx context.Context, r request) (answer, entramfa.Receipt, error) {
	return c.changeTaking(ctx, r, checkChange)
}

// changeTaking makes a change and takes for success what a check takes.
func (c *Client) changeTaking(ctx context.Context, r request, check func(request, answer) error) (answer, entramfa.Receipt, error) {
	a, err := c.call(ctx, r)
	if err == nil {
		err = check(r, a)
	}
	if err != nil {
		return answer{}, entramfa.Receipt{}, open(err)
	}
	return a, entramfa.Receipt{RequestID: oneLine(a.header.Get("request-id"))}, nil
}

// changeWith makes a change with a value as its body.
func (c *Client) changeWith(ctx context.Context, r request, body any) (answer, entramfa.Receipt, error) {
	var err error
	if r.body, err = json.Marshal(body); err != nil {
		return answer{}, entramfa.Receipt{}, fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return c.change(ctx, r)
}

// checkChange says what is wrong with a status that passes for success: 202 is a
// promise, 203 and 206 come from something between, and what sits there may
// answer with a page of its own.
func checkChange(r request, a answer) error {
	switch a.status {
	case http.StatusNoContent:
		return nil
	case http.StatusOK, http.StatusCreated:
		if len(bytes.TrimSpace(a.body)) == 0 {
			return nil
		}
		if err := decodeChanged(a, &struct{}{}); err != nil {
			return unreadable(r, a, err)
		}
		return nil
	}
	return unreadable(r, a, fmt.Errorf("the status is %d %s, which is no answer to a change", a.status, http.StatusText(a.status)))
}

// decodeChanged reads what a change answers, be its status 200 or 201.
func decodeChanged(a answer, target any) error {
	a.status = http.StatusOK
	return decodeOne(a, target)
}

// created is the identity of what a creation answers.
type created struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
}

// create makes an object and decodes the one that the service stored. An answer
// that doesn't tell its id, or tells that of another object, is an error: who undoes
// the change deletes what has that id.
func create[T any](ctx context.Context, c *Client, r request, body any, name string) (T, entramfa.Receipt, error) {
	var stored, none T
	a, receipt, err := c.changeWith(ctx, r, body)
	if err != nil {
		return none, entramfa.Receipt{}, err
	}
	var is created
	if err = decodeChanged(a, &is); err == nil {
		err = is.check(name)
	}
	if err == nil {
		err = decodeChanged(a, &stored)
	}
	if err != nil {
		return none, receipt, open(unreadable(r, a, fmt.Errorf("%w; %q may exist all the same", err, name)))
	}
	return stored, receipt, nil
}

// check compares with what was asked for.
func (is created) check(name string) error {
	if strings.TrimSpace(is.ID) == "" {
		return errors.New("the answer has no id")
	}
	if strings.TrimSpace(is.DisplayName) != strings.TrimSpace(name) {
		return fmt.Errorf("the answer is another object, %s", is.ID)
	}
	return nil
}

// aimless refuses a key that would lead out of the path that it is put into,
// such as the empty one; it is entramfa.ErrNotFound without a request.
func aimless(r request, keys ...string) error {
	for _, key := range keys {
		if strings.Trim(key, ". ") == "" || strings.ContainsAny(key, `/\`) {
			return &failure{graph: graphError(r, entramfa.ErrNotFound), reason: fmt.Sprintf("nothing has the id %q", key), unsent: true}
		}
	}
	return nil
}

// update changes or deletes what stands at the path of keys.
func (c *Client) update(ctx context.Context, r request, body any, keys ...string) (entramfa.Receipt, error) {
	if err := aimless(r, keys...); err != nil {
		return entramfa.Receipt{}, err
	}
	var a answer
	var receipt entramfa.Receipt
	var err error
	if body == nil {
		a, receipt, err = c.change(ctx, r)
	} else {
		a, receipt, err = c.changeWith(ctx, r, body)
	}
	if err == nil && len(keys) > 0 {
		err = otherObject(r, a, keys[len(keys)-1])
	}
	return receipt, err
}

// otherObject says whether the answer to a change, where it has a body, is about
// something else than what the key names.
func otherObject(r request, a answer, key string) error {
	var is created
	if a.status == http.StatusNoContent || len(bytes.TrimSpace(a.body)) == 0 || !guid.Is(key) {
		return nil
	}
	if err := decodeChanged(a, &is); err != nil {
		return open(unreadable(r, a, err))
	}
	if is.ID != "" && !strings.EqualFold(is.ID, key) {
		return open(unreadable(r, a, fmt.Errorf("the answer is another object, %q", is.ID)))
	}
	return nil
}
