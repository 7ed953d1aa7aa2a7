package unread_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/unread"
)

func TestAdviceFollowsTheError(t *testing.T) {
	for _, c := range []struct {
		err    error
		action entramfa.Action
		text   string
	}{
		{&entramfa.GraphError{Kind: entramfa.ErrPermission}, entramfa.ActionGrant, "grant the checking identity Policy.Read.All"},
		{fmt.Errorf("no file: %w", entramfa.ErrNotRead), entramfa.ActionReview, "give the check"},
		{entramfa.ErrThrottled, entramfa.ActionCheckAgain, "later"},
		{entramfa.ErrUnavailable, entramfa.ActionCheckAgain, "later"},
		{errors.New("odd"), entramfa.ActionReview, "it needs Policy.Read.All"},
	} {
		advice := unread.Advice(c.err, "Policy.Read.All")
		assert.Equal(t, c.action, advice.Action)
		assert.Contains(t, advice.Text, c.text)
	}
}
