package msgraph_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

const tenantID = "0e0e0e0e-0000-4000-8000-000000000001"

// fixed is a credential that has one token.
func fixed(token string) credential {
	return func(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
		return azcore.AccessToken{Token: token, ExpiresOn: time.Now().Add(time.Hour)}, nil
	}
}

// jwtOf returns a token with these claims and a signature that nobody can check.
func jwtOf(claims string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2lnbmF0dXJl"
}

func TestIdentityOfTheToken(t *testing.T) {
	ids := `"oid":"` + userID + `","tid":"` + tenantID + `"`
	tests := map[string]struct {
		claims string
		kind   mfa.IdentityKind
		name   string
	}{
		"application":             {`{` + ids + `,"idtyp":"app","appid":"a1","roles":["Policy.Read.All"]}`, mfa.IdentityApplication, "a1"},
		"application, 2.0":        {`{` + ids + `,"idtyp":"app","azp":"a2"}`, mfa.IdentityApplication, "a2"},
		"application, no type":    {`{` + ids + `,"appid":"a1"}`, mfa.IdentityApplication, "a1"},
		"account":                 {`{` + ids + `,"idtyp":"user","appid":"a1","upn":"admin@contoso.com","scp":"User.Read"}`, mfa.IdentityUser, "admin@contoso.com"},
		"account, 2.0":            {`{` + ids + `,"azp":"a2","preferred_username":"admin@contoso.com","scp":"User.Read"}`, mfa.IdentityUser, "admin@contoso.com"},
		"account, no type":        {`{` + ids + `,"upn":"admin@contoso.com"}`, mfa.IdentityUser, "admin@contoso.com"},
		"guest without a name":    {`{` + ids + `,"scp":"User.Read"}`, mfa.IdentityUser, userID},
		"account with role names": {`{` + ids + `,"scp":"User.Read","upn":"a@b","roles":["x"]}`, mfa.IdentityUser, "a@b"},
	}
	answers := map[string]http.HandlerFunc{
		"taken":         reply(`{"value":[{"id":"` + tenantID + `"}]}`),
		"no permission": graphError(403, "Authorization_RequestDenied"),
	}
	for name, test := range tests {
		for how, answer := range answers {
			t.Run(name+", "+how, func(t *testing.T) {
				w := newWire(t, map[string]http.HandlerFunc{"/v1.0/organization": answer})
				client := msgraph.New(newAdapterWith(t, fixed(jwtOf(test.claims)), w.Server, "127.0.0.1"), nil)
				got, err := client.Identity(client.Together(t.Context(), 2))
				require.NoError(t, err)
				assert.Equal(t, mfa.Identity{Kind: test.kind, ID: userID, Name: test.name, TenantID: tenantID}, got)
				assert.Equal(t, []string{"GET /v1.0/organization?$select=id"}, w.lines())
			})
		}
	}
}

func TestIdentityOfATokenThatTellsNothing(t *testing.T) {
	good := reply(`{"value":[{"id":"` + tenantID + `"}]}`)
	tokens := map[string]string{
		"opaque":       "EwB4A8l6BAAURSN-opaque-token-of-a-service",
		"two parts":    "aaaa.bbbb",
		"encrypted":    "aaaa.bbbb.cccc.dddd.eeee",
		"no base64":    "aaaa.!!!!.cccc",
		"no JSON":      "aaaa.bm8gSlNPTg.cccc",
		"no object id": jwtOf(`{"tid":"` + tenantID + `","idtyp":"app"}`),
		"odd ids":      jwtOf(`{"oid":"x","tid":"y"}`),
		"odd types":    jwtOf(`{"oid":["` + userID + `"],"tid":"` + tenantID + `"}`),
	}
	tests := map[string]struct {
		me   http.HandlerFunc
		want mfa.Identity
		kind error
	}{
		"account": {
			me:   reply(`{"id":"` + userID + `","userPrincipalName":"admin@contoso.com"}`),
			want: mfa.Identity{Kind: mfa.IdentityUser, ID: userID, Name: "admin@contoso.com", TenantID: tenantID},
		},
		"application":   {me: graphError(400, "BadRequest"), kind: entramfa.ErrNotRead},
		"no permission": {me: graphError(403, "Authorization_RequestDenied"), kind: entramfa.ErrNotRead},
		"nobody":        {me: reply(`{}`), kind: entramfa.ErrNotRead},
		"down":          {me: graphError(501, "x"), kind: entramfa.ErrUnavailable},
		"HTML":          {me: reply(`<html>`), kind: entramfa.ErrUnavailable},
	}
	for what, token := range tokens {
		for name, test := range tests {
			t.Run(what+", "+name, func(t *testing.T) {
				w := newWire(t, map[string]http.HandlerFunc{"/v1.0/organization": good, "/v1.0/me": test.me})
				got, err := msgraph.New(newAdapterWith(t, fixed(token), w.Server, "127.0.0.1"), nil).Identity(t.Context())
				assert.Equal(t, []string{"GET /v1.0/organization?$select=id", "GET /v1.0/me?$select=id%2CuserPrincipalName"}, w.lines())
				assert.Equal(t, test.want, got)
				if test.kind == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, test.kind)
				assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), token)
			})
		}
	}
}

// A token that Graph refuses proves nothing.
func TestIdentityIsNotTakenFromATokenThatGraphRefused(t *testing.T) {
	token := jwtOf(`{"oid":"` + userID + `","tid":"` + tenantID + `","idtyp":"app"}`)
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		kind   error
	}{
		"401":            {graphError(401, "InvalidAuthenticationToken"), entramfa.ErrUnauthenticated},
		"503":            {graphError(503, "x"), entramfa.ErrUnavailable},
		"403 of a proxy": {replyWith(403, "<html>"), entramfa.ErrUnavailable},
		"redirect":       {headed("Location", "/x", replyWith(302, "")), entramfa.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0/organization": test.answer})
			var instant waits
			got, err := instant.on(msgraph.New(newAdapterWith(t, fixed(token), w.Server, "127.0.0.1"), nil)).Identity(t.Context())
			require.ErrorIs(t, err, test.kind)
			assert.Equal(t, mfa.Identity{}, got)
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), token)
		})
	}
}

// A host outside the valid ones gets no token, and then none can tell.
func TestIdentityOfAnAdapterWithoutAToken(t *testing.T) {
	w := newWire(t, map[string]http.HandlerFunc{"/v1.0/organization": reply(`{"value":[{"id":"` + tenantID + `"}]}`)})
	client := msgraph.New(newAdapter(t, w.Server, "another.host"), nil)
	_, err := client.Identity(t.Context())
	require.ErrorIs(t, err, entramfa.ErrNotRead)
}
