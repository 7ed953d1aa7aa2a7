// Package unread advises what to do about a fact that could not be read.
package unread

import (
	"errors"
	"fmt"

	"github.com/entramfa/entramfa"
)

// Advice says what to do about the error of a read that needs a permission.
func Advice(err error, permission string) entramfa.Advice {
	switch {
	case errors.Is(err, entramfa.ErrPermission):
		return entramfa.Advice{Action: entramfa.ActionGrant, Text: fmt.Sprintf("grant the checking identity %s", permission)}
	case errors.Is(err, entramfa.ErrNotRead):
		return entramfa.Advice{Action: entramfa.ActionReview, Text: "give the check what it did not read, and check again"}
	case errors.Is(err, entramfa.ErrThrottled), errors.Is(err, entramfa.ErrUnavailable):
		return entramfa.Advice{Action: entramfa.ActionCheckAgain, Text: "check again later"}
	}
	return entramfa.Advice{Action: entramfa.ActionReview, Text: fmt.Sprintf("see why it could not be read; it needs %s", permission)}
}
