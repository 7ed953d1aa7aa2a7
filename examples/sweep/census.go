package main

import (
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/policy"
)

// census is a reader of the accounts that can sign in, with their names: a
// directory holds ids alone, and a disabled account gets through nowhere.
type census struct {
	open.Reader
	names    map[string]account // by object id
	disabled map[string]bool
}

// account is one that the report names.
type account struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
	DisplayName       string `json:"displayName"`
	Guest             bool   `json:"guest"`
}

// count notes who there is.
func (c *census) count(ctx context.Context) error {
	c.names, c.disabled = map[string]account{}, map[string]bool{}
	for user, err := range c.Users(ctx) {
		if err != nil {
			return fmt.Errorf("list the accounts: %w", err)
		}
		id := strings.ToLower(user.ID) // as a directory gives it
		if user.AccountEnabled != nil && !*user.AccountEnabled {
			c.disabled[id] = true
			continue
		}
		kinds, _ := user.Subject().Kinds.Get()
		c.names[id] = account{id, user.UserPrincipalName, user.DisplayName, len(kinds) > 0}
	}
	return nil
}

// Accounts leaves out who is disabled.
func (c *census) Accounts(ctx context.Context) iter.Seq2[policy.Subject, error] {
	return func(yield func(policy.Subject, error) bool) {
		for subject, err := range c.Reader.Accounts(ctx) {
			if err == nil && c.disabled[strings.ToLower(subject.ID)] {
				continue
			}
			if !yield(subject, err) {
				return
			}
		}
	}
}

// named returns an account with what is known of it.
func (c *census) named(id string) account {
	if a, known := c.names[id]; known {
		return a
	}
	return account{ID: id}
}
