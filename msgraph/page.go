package msgraph

import (
	"context"
	"errors"
	"fmt"
)

const (
	// maxPages bounds a list whose next links never end and never repeat.
	maxPages = 10_000
	// maxItems bounds a list over all its pages: an account in more groups, a
	// tenant with more policies than that is a server gone wrong.
	maxItems = 100_000
)

// one reads a single object.
func one[T any](ctx context.Context, c *Client, r request) (T, error) {
	var value, zero T
	a, err := c.call(ctx, r)
	if err != nil {
		return zero, err
	}
	if err := decodeOne(a, &value); err != nil {
		return zero, unreadable(r, a, err)
	}
	return value, nil
}

// list reads a collection, all pages of it, whole or not at all. Fewer items
// than a count that was asked for are half a list; more are not, for the count
// may be older than the list.
// Source: https://learn.microsoft.com/graph/paging.
func list[T any](ctx context.Context, c *Client, r request) ([]T, error) {
	var all []T
	count := 0
	seen := map[string]bool{}
	for range maxPages {
		a, err := c.call(ctx, r)
		if err != nil {
			return nil, err
		}
		page, err := decodePage[T](a, maxItems-len(all))
		if err != nil {
			return nil, unreadable(r, a, err)
		}
		all = append(all, page.values...)
		count = max(count, page.count)
		if page.nextLink == "" {
			if r.counted && len(all) < count {
				return nil, unreadable(r, a, fmt.Errorf("the list has %d items where its count is %d; check again", len(all), count))
			}
			return all, nil
		}
		if seen[page.nextLink] {
			return nil, unreadable(r, a, errors.New("the next links of the list go round in a circle"))
		}
		seen[page.nextLink] = true
		next, err := c.follow(r, page.nextLink)
		if err != nil {
			return nil, unreadable(r, a, err)
		}
		r, ctx = r.at(next), c.alone(ctx)
	}
	return nil, unreadable(r, answer{}, fmt.Errorf("the list has more than %d pages", maxPages))
}
