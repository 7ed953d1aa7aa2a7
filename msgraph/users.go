package msgraph

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

const (
	usersPath        = "/users"
	userPath         = "/users/{id}"
	methodsPath      = "/users/{id}/authentication/methods"
	requirementsPath = "/users/{id}/authentication/requirements"
)

// userMembers is what mfa.User has fields for; Graph gives few of them unasked.
const userMembers = "id,userPrincipalName,displayName,accountEnabled,userType,creationType,externalUserState," +
	"onPremisesSyncEnabled,passwordPolicies,lastPasswordChangeDateTime"

// User returns the account with this object id or user principal name. It
// needs User.Read.All. A name that no user can have, such as the empty one, is
// entramfa.ErrNotFound without a request.
// Source: https://learn.microsoft.com/graph/api/user-get.
func (c *Client) User(ctx context.Context, user string) (mfa.User, error) {
	r := get(v1, userPath, user).with("$select", userMembers)
	// Such a segment would lead to the list of users, or out of it.
	if strings.Trim(user, ". ") == "" {
		c.absent(ctx)
		return mfa.User{}, &failure{graph: graphError(r, entramfa.ErrNotFound), reason: "no user has such a name"}
	}
	found, err := one[mfa.User](ctx, c, r)
	if err == nil {
		err = otherUser(r, user, found)
	}
	if err != nil {
		return mfa.User{}, err
	}
	return found, nil
}

// otherUser says whether an answer is about somebody else. A name is not
// compared: nothing public says by which other names Graph finds a user.
func otherUser(r request, asked string, found mfa.User) error {
	asked = strings.TrimSpace(asked)
	switch {
	case !guid.Is(found.ID):
		return unreadable(r, answer{status: http.StatusOK}, errors.New("the answer is no user: it has no object id"))
	case guid.Is(asked) && !strings.EqualFold(asked, found.ID):
		return unreadable(r, answer{status: http.StatusOK}, errors.New("the answer is another user, "+found.ID))
	}
	return nil
}

// UsersByDisplayName returns every account whose display name starts with the
// text. It needs User.Read.All.
// Source: https://learn.microsoft.com/graph/api/user-list.
func (c *Client) UsersByDisplayName(ctx context.Context, prefix string) ([]mfa.User, error) {
	return list[mfa.User](ctx, c, get(v1, usersPath).
		with("$filter", "startswith(displayName,"+quoted(prefix)+")").with("$select", userMembers))
}

// Requirements returns the per-user MFA state, which only beta has. It needs Policy.Read.All.
// Source: https://learn.microsoft.com/graph/api/authentication-get?view=graph-rest-beta.
func (c *Client) Requirements(ctx context.Context, user string) (mfa.Requirements, error) {
	return one[mfa.Requirements](ctx, c, get(beta, requirementsPath, user))
}

// Methods returns the registered methods. It needs UserAuthenticationMethod.Read.All.
// Source: https://learn.microsoft.com/graph/api/authentication-list-methods.
func (c *Client) Methods(ctx context.Context, user string) ([]mfa.Method, error) {
	return list[mfa.Method](ctx, c, get(v1, methodsPath, user))
}
