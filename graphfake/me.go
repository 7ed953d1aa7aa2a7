package graphfake

import (
	"net/http"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

// segments splits the path of a call; /me is the account of the token.
func (c *call) segments() ([]string, *entramfa.GraphError) {
	segments := splitPath(c.path)
	if !strings.EqualFold(segments[0], "me") {
		return segments, nil
	}
	if c.who.Kind != mfa.IdentityUser {
		return nil, graphError(http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
	}
	return slices.Concat([]string{"users", c.who.ID}, segments[1:]), nil
}
