package msgraph

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// follow checks a next link: it must lead to where the token belongs, and on
// through the same list, for another list's end would pass for the end of this one.
func (c *Client) follow(r request, link string) (*url.URL, error) {
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
	r.link = nil
	first, err := r.url(root)
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(segments(next), segments(first), strings.EqualFold) {
		return nil, fmt.Errorf("the next link leads to another list, %s, and is not followed", next.EscapedPath())
	}
	return next, nil
}

// segments splits a path before it is decoded: a key may hold a slash.
func segments(u *url.URL) []string {
	parts := strings.Split(u.EscapedPath(), "/")
	for i, part := range parts {
		if plain, err := url.PathUnescape(part); err == nil {
			parts[i] = plain
		}
	}
	return parts
}

// hostPort is the host with the port, also where the port goes without saying.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return u.Hostname() + ":" + port
}
