package msgraph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// maxPages bounds a list whose next links never end and never repeat.
const maxPages = 10_000

// one reads a single object.
func one[T any](ctx context.Context, c *Client, r request) (T, error) {
	var value, zero T
	a, err := c.call(ctx, r)
	if err != nil {
		return zero, err
	}
	if err := decode(a, &value); err != nil {
		return zero, unreadable(r, a, err)
	}
	return value, nil
}

// list reads a collection, all pages of it.
// Source: https://learn.microsoft.com/graph/paging.
func list[T any](ctx context.Context, c *Client, r request) ([]T, error) {
	var all []T
	seen := map[string]bool{}
	for range maxPages {
		a, err := c.call(ctx, r)
		if err != nil {
			return nil, err
		}
		values, link, err := decodePage[T](a)
		if err != nil {
			return nil, unreadable(r, a, err)
		}
		all = append(all, values...)
		if link == "" {
			return all, nil
		}
		if seen[link] {
			return nil, unreadable(r, a, errors.New("the next links of the list go round in a circle"))
		}
		seen[link] = true
		next, err := c.follow(link)
		if err != nil {
			return nil, unreadable(r, a, err)
		}
		r, ctx = r.at(next), c.alone(ctx)
	}
	return nil, unreadable(r, answer{}, fmt.Errorf("the list has more than %d pages", maxPages))
}

// decodePage returns the values of a page, none for an empty one, and its next link.
func decodePage[T any](a answer) ([]T, string, error) {
	var page struct {
		Value    *[]T   `json:"value"`
		NextLink string `json:"@odata.nextLink"`
	}
	if err := decode(a, &page); err != nil {
		return nil, "", err
	}
	if page.Value == nil {
		return nil, "", errors.New(`the page of a list has no "value"`)
	}
	return *page.Value, page.NextLink, nil
}

// decode reads the JSON of an answer, or says what came instead of it.
func decode(a answer, target any) error {
	body := bytes.TrimSpace(a.body)
	switch {
	case len(body) == 0:
		return errors.New("the answer is empty")
	case body[0] == '<':
		return errors.New("the answer is an HTML page, not JSON")
	case body[0] != '{':
		return errors.New("the answer is no JSON object")
	}
	if err := json.Unmarshal(body, target); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	return nil
}

// follow checks a next link: it must lead to where the token belongs.
func (c *Client) follow(link string) (*url.URL, error) {
	root, err := c.root()
	if err != nil {
		return nil, err
	}
	next, err := url.Parse(link)
	if err != nil {
		return nil, errors.New("the next link is no URL")
	}
	if !strings.EqualFold(next.Scheme, root.Scheme) || !strings.EqualFold(hostPort(next), hostPort(root)) || next.User != nil {
		return nil, fmt.Errorf("the next link leads to %s, away from %s, and is not followed", next.Host, root.Host)
	}
	return next, nil
}

// hostPort is the host with the port, also where the port goes without saying.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return u.Hostname() + ":" + port
}
