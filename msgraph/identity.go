package msgraph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
)

const mePath = "/me"

// Identity returns who calls. It reads that from the claims of the access token
// which the adapter sends with a cheap read, and which Graph took: its signature is
// nobody's business here. Where the token can't be read, it asks for /me, which needs
// User.Read of an account, and no application has; who calls is then
// entramfa.ErrNotRead. It needs no permission else.
// Source: https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference.
func (c *Client) Identity(ctx context.Context) (mfa.Identity, error) {
	c.absent(ctx)
	ctx = c.alone(ctx)
	r := get(v1, tenantPath).with("$select", "id")
	r.asksCaller = true
	a, err := c.call(ctx, r)
	if err != nil {
		return mfa.Identity{}, err
	}
	if a.caller.ID != "" {
		return a.caller, nil
	}
	page, err := decodePage[mfa.Organization](a, 1)
	if err != nil || len(page.values) != 1 {
		return mfa.Identity{}, untold(r)
	}
	me, err := one[mfa.User](ctx, c, get(v1, mePath).with("$select", "id,userPrincipalName"))
	switch {
	case refusedCall(err), err == nil && !guid.Is(me.ID):
		return mfa.Identity{}, untold(r)
	case err != nil:
		return mfa.Identity{}, err
	}
	return mfa.Identity{Kind: mfa.IdentityUser, ID: me.ID, Name: me.UserPrincipalName, TenantID: page.values[0].ID}, nil
}

// untold is the error of a token that doesn't tell who calls.
func untold(r request) error {
	return &failure{graph: graphError(r, entramfa.ErrNotRead), reason: "the access token doesn't tell who calls, and Graph's /me neither"}
}

// refusedCall says whether Graph refused a call, as it refuses /me to an application.
func refusedCall(err error) bool {
	var graph *entramfa.GraphError
	return errors.As(err, &graph) && !errors.Is(err, entramfa.ErrUnavailable) &&
		graph.Status >= http.StatusBadRequest && graph.Status < http.StatusInternalServerError && graph.Status != http.StatusTooManyRequests
}

// claims are those of an access token, version 1.0 or 2.0, that name the caller.
type claims struct {
	ObjectID string `json:"oid"`
	TenantID string `json:"tid"`
	Type     string `json:"idtyp"` // app or user; optional
	Scopes   string `json:"scp"`   // of delegated tokens alone
	AppID    string `json:"appid"`
	Party    string `json:"azp"` // appid in version 2.0
	UPN      string `json:"upn"`
	// PreferredUsername is upn in version 2.0.
	PreferredUsername string `json:"preferred_username"`
}

// callerOf reads the claims of a bearer token, and returns the zero Identity for
// one that isn't a signed JWT or doesn't name its object. The token stays here.
func callerOf(authorization []string) mfa.Identity {
	if len(authorization) != 1 {
		return mfa.Identity{}
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	parts := strings.Split(strings.TrimSpace(token), ".")
	if !strings.EqualFold(scheme, "Bearer") || len(parts) != 3 {
		return mfa.Identity{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return mfa.Identity{}
	}
	var said claims
	if json.Unmarshal(payload, &said) != nil {
		return mfa.Identity{}
	}
	return said.identity()
}

// identity is who the claims name. A token without an account's name and
// without delegated permissions is an application's own.
func (c claims) identity() mfa.Identity {
	if !guid.Is(c.ObjectID) || !guid.Is(c.TenantID) {
		return mfa.Identity{}
	}
	id := mfa.Identity{Kind: mfa.IdentityUser, ID: c.ObjectID, Name: first(c.UPN, c.PreferredUsername, c.ObjectID), TenantID: c.TenantID}
	if strings.EqualFold(c.Type, "app") || c.Type == "" && c.UPN == "" && c.Scopes == "" {
		id.Kind, id.Name = mfa.IdentityApplication, first(c.AppID, c.Party, c.ObjectID)
	}
	return id
}

// first returns the first text that isn't empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
