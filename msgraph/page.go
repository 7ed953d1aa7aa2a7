package msgraph

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

const (
	// maxPages bounds a list whose next links never end and never repeat.
	maxPages = 10_000
	// maxItems bounds a list over all its pages: an account in more groups, a
	// tenant with more policies than that is a server gone wrong.
	maxItems = 100_000
	// maxAccounts bounds a list of accounts, of the tenant or of a group.
	maxAccounts = 10_000_000
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

// list reads a collection, all pages of it, whole or not at all.
func list[T any](ctx context.Context, c *Client, r request) ([]T, error) {
	var all []T
	for page, err := range pages[T](ctx, c, r, maxItems) {
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
	}
	return all, nil
}

// stream reads a collection of at most so many items, a page at a time while it
// is consumed.
func stream[T any](ctx context.Context, c *Client, r request, most int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for page, err := range pages[T](ctx, c, r, most) {
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// pages reads a collection of at most so many items page by page, and ends with
// the first error.
// Source: https://learn.microsoft.com/graph/paging.
func pages[T any](ctx context.Context, c *Client, r request, most int) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		w, ctx := &walk{client: c, request: r, seen: map[string]bool{}}, ctx
		for range maxPages {
			page, err := nextPage[T](ctx, w, most)
			if !yield(page, err) || err != nil || w.done {
				return
			}
			ctx = c.alone(ctx)
		}
		yield(nil, unreadable(r, answer{}, fmt.Errorf("the list has more than %d pages", maxPages)))
	}
}

// walk is the way through the pages of a list.
type walk struct {
	client  *Client
	request request         // of the next page
	seen    map[string]bool // the links that were followed
	items   int             // so far
	// different are those items of a counted list that were not on a page before: a
	// page that comes twice makes no list whole.
	different identities
	count     int // the largest that was given
	done      bool
}

func nextPage[T any](ctx context.Context, w *walk, most int) ([]T, error) {
	r := w.request
	a, err := w.client.call(ctx, r)
	if err != nil {
		return nil, err
	}
	page, err := decodePage[T](a, most-w.items)
	if err == nil {
		w.items, w.count = w.items+len(page.values), max(w.count, page.count)
		if r.counted {
			addAll(&w.different, page.values)
		}
		err = w.turn(page.nextLink)
	}
	if errors.Is(err, errFull) {
		err = fmt.Errorf("the list has more than %d items", most)
	}
	if err != nil {
		return nil, unreadable(r, a, err)
	}
	return page.values, nil
}

// turn goes on to the page behind a link; "" ends the list. Fewer items than a
// count that was asked for are half a list; more are not, for the count may be
// older than the list.
func (w *walk) turn(link string) error {
	switch {
	case link == "" && w.request.counted && w.different.len() < w.count:
		return fmt.Errorf("the list has %d items where its count is %d; check again", w.different.len(), w.count)
	case link == "":
		w.done = true
		return nil
	case w.seen[link]:
		return errors.New("the next links of the list go round in a circle")
	}
	w.seen[link] = true
	next, err := w.client.follow(w.request, link)
	w.request = w.request.at(next)
	return err
}
