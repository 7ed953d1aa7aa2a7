package msgraph_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

const (
	policyID   = "0b0b0b0b-0000-4000-8000-000000000001"
	locationID = "0c0c0c0c-0000-4000-8000-000000000001"
	groupID    = "0d0d0d0d-0000-4000-8000-000000000001"

	policiesURI  = "/identity/conditionalAccess/policies"
	locationsURI = "/identity/conditionalAccess/namedLocations"
	policyJSON   = `{"id":"` + policyID + `","displayName":"P","state":"disabled"}`
	open         = "it is open whether the change was made: read before trying again"
)

// written is one write of the Client, with the answer that a service gives to it.
type written struct {
	write         func(context.Context, *msgraph.Client) (entramfa.Receipt, error)
	method, uri   string
	body          string
	answer        http.HandlerFunc
	grants, extra []string // what a 403 names
}

func writes() map[string]written {
	all := enrolments()
	maps.Copy(all, exemptions())
	return all
}

func exemptions() map[string]written {
	noContent := replyWith(http.StatusNoContent, "")
	conditionalAccess, readPolicies := []string{"Policy.ReadWrite.ConditionalAccess"}, []string{"Policy.Read.All"}
	return map[string]written{
		"UpdatePolicy": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.UpdatePolicy(ctx, policyID, policy.Patch{ExcludeUsers: []string{userID}})
			},
			method: "PATCH", uri: "/v1.0" + policiesURI + "/" + policyID, body: `{"conditions":{"users":{"excludeUsers":["` + userID + `"]}}}`,
			answer: noContent, grants: conditionalAccess, extra: readPolicies,
		},
		"CreatePolicy": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				created, receipt, err := c.CreatePolicy(ctx, policy.Policy{DisplayName: "P", State: "disabled"})
				if err == nil && created.ID != policyID {
					panic("the answer was not decoded")
				}
				return receipt, err
			},
			method: "POST", uri: "/v1.0" + policiesURI, body: `{"displayName":"P","state":"disabled"}`,
			answer: replyWith(http.StatusCreated, policyJSON), grants: conditionalAccess, extra: []string{"Policy.Read.All", "Application.Read.All"},
		},
		"DeletePolicy": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.DeletePolicy(ctx, policyID)
			},
			method: "DELETE", uri: "/v1.0" + policiesURI + "/" + policyID, answer: noContent, grants: conditionalAccess, extra: readPolicies,
		},
		"CreateNamedLocation": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				created, receipt, err := c.CreateNamedLocation(ctx, policy.NamedLocation{Type: policy.IPNamedLocation, DisplayName: "L"})
				if err == nil && created.ID != locationID {
					panic("the answer was not decoded")
				}
				return receipt, err
			},
			method: "POST", uri: "/v1.0" + locationsURI, body: `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"L"}`,
			answer: replyWith(http.StatusCreated, `{"id":"`+locationID+`","displayName":"L"}`), grants: conditionalAccess, extra: readPolicies,
		},
		"DeleteNamedLocation": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.DeleteNamedLocation(ctx, locationID)
			},
			method: "DELETE", uri: "/v1.0" + locationsURI + "/" + locationID, answer: noContent, grants: conditionalAccess, extra: readPolicies,
		},
		"AddGroupMember": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.AddGroupMember(ctx, groupID, userID)
			},
			method: "POST", uri: "/v1.0/groups/" + groupID + "/members/$ref", body: `{"@odata.id":"BASE/v1.0/directoryObjects/` + userID + `"}`,
			answer: noContent, grants: []string{"GroupMember.ReadWrite.All"},
		},
		"RemoveGroupMember": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.RemoveGroupMember(ctx, groupID, userID)
			},
			method: "DELETE", uri: "/v1.0/groups/" + groupID + "/members/" + userID + "/$ref",
			answer: noContent, grants: []string{"GroupMember.ReadWrite.All"},
		},
		"UpdateSecurityDefaults": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.UpdateSecurityDefaults(ctx, false)
			},
			method: "PATCH", uri: "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy", body: `{"isEnabled":false}`, answer: noContent,
			grants: []string{"Policy.ReadWrite.SecurityDefaults", "Policy.ReadWrite.ConditionalAccess"}, extra: readPolicies,
		},
		"UpdateRequirements": {
			write: func(ctx context.Context, c *msgraph.Client) (entramfa.Receipt, error) {
				return c.UpdateRequirements(ctx, "svc@contoso.com", mfa.PerUserDisabled)
			},
			method: "PATCH", uri: "/beta/users/svc%40contoso.com/authentication/requirements", body: `{"perUserMfaState":"disabled"}`,
			answer: noContent, grants: []string{"Policy.ReadWrite.AuthenticationMethod"},
		},
	}
}

// path is the address as a handler sees it.
func (w written) path() string {
	if w.uri == "/beta/users/svc%40contoso.com/authentication/requirements" {
		return "/beta/users/svc@contoso.com/authentication/requirements"
	}
	return w.uri
}

// each runs a test for every write, against a server that gives it one answer.
func each(t *testing.T, answer func(written) http.HandlerFunc, test func(*testing.T, written, *wire, *msgraph.Client, *waits)) {
	for name, write := range writes() {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{write.path(): answer(write)})
			var waited waits
			test(t, write, w, waited.on(w.client(t, nil)), &waited)
		})
	}
}

func always(h http.HandlerFunc) func(written) http.HandlerFunc {
	return func(written) http.HandlerFunc { return h }
}

func TestWritesOnTheWire(t *testing.T) {
	each(t, func(w written) http.HandlerFunc { return w.answer }, func(t *testing.T, write written, w *wire, client *msgraph.Client, _ *waits) {
		receipt, err := write.write(t.Context(), client)
		require.NoError(t, err)
		assert.Equal(t, entramfa.Receipt{RequestID: "header-id"}, receipt)
		sent := w.calls()
		require.Len(t, sent, 1)
		assert.Equal(t, write.method+" "+write.uri, sent[0].method+" "+sent[0].uri)
		assert.Empty(t, sent[0].header.Get("Content-Encoding"))
		assert.Equal(t, "Bearer token", sent[0].header.Get("Authorization"))
		if write.body == "" {
			assert.Empty(t, sent[0].body)
			return
		}
		assert.Equal(t, "application/json", sent[0].header.Get("Content-Type"))
		assert.JSONEq(t, replaceBase(write.body, w.URL), sent[0].body)
	})
}

func replaceBase(body, base string) string {
	var value map[string]any
	_ = json.Unmarshal([]byte(body), &value)
	if id, ok := value["@odata.id"].(string); ok {
		value["@odata.id"] = base + id[len("BASE"):]
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// While a throttled write waits, somebody else may change the same thing: only who
// reads in between may send it again.
func TestThrottledWriteIsNotRepeated(t *testing.T) {
	throttled := headed("Retry-After", "7", graphError(http.StatusTooManyRequests, "TooManyRequests"))
	each(t, func(w written) http.HandlerFunc { return inTurn(throttled, w.answer) }, func(t *testing.T, write written, w *wire, client *msgraph.Client, waited *waits) {
		_, err := write.write(t.Context(), client)
		require.ErrorIs(t, err, entramfa.ErrThrottled)
		assert.NotContains(t, err.Error(), "open whether", "it did nothing")
		var graph *entramfa.GraphError
		require.ErrorAs(t, err, &graph)
		assert.Equal(t, 7*time.Second, graph.RetryAfter)
		assert.Len(t, w.calls(), 1)
		assert.Empty(t, waited.list)
	})
}

func TestClaimsChallengeOfAWriteIsAnswered(t *testing.T) {
	challenge := headed("WWW-Authenticate", `Bearer realm="", error="insufficient_claims", claims="YzE="`, graphError(401, "InvalidAuthenticationToken"))
	each(t, func(w written) http.HandlerFunc { return inTurn(challenge, w.answer) }, func(t *testing.T, write written, w *wire, client *msgraph.Client, _ *waits) {
		_, err := write.write(t.Context(), client)
		require.NoError(t, err)
		sent := w.calls()
		require.Len(t, sent, 2)
		assert.Equal(t, "Bearer tokenc1", sent[1].header.Get("Authorization"))
		assert.Equal(t, sent[0].body, sent[1].body)
	})
}

// What leaves open whether a change was made is sent once, and says so.
func TestWriteThatMayHaveBeenMadeIsNotRepeated(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"500":                               graphError(500, "InternalServerError"),
		"502 in HTML":                       replyWith(502, "<html>"),
		"503 with Retry-After":              headed("Retry-After", "1", graphError(503, "serviceUnavailable")),
		"504":                               graphError(504, "x"),
		"408":                               graphError(408, "x"),
		"hang up":                           hangUp,
		"half a body":                       cutBody,
		"202":                               replyWith(202, ""),
		"202 with a body":                   replyWith(202, policyJSON),
		"206":                               replyWith(206, `{}`),
		"203 of a proxy":                    replyWith(203, `{}`),
		"HTML of a portal":                  replyWith(200, "<html>sign in"),
		"null":                              replyWith(200, "null"),
		"list":                              replyWith(200, "[]"),
		"half JSON":                         replyWith(201, `{"id":"0b0b`),
		"200 with an error":                 replyWith(200, `{"error":{"code":"x","message":"y"}}`),
		"another object":                    replyWith(200, `{"id":"99999999-0000-4000-8000-000000000009","displayName":"Q"}`),
		"redirect":                          headed("Location", "/v1.0/elsewhere", replyWith(302, "")),
		"redirect with method":              headed("Location", "https://graph.evil.example/", replyWith(307, "")),
		"404 of a proxy":                    replyWith(404, "<html>not here"),
		"403 of a proxy":                    replyWith(403, `{"blocked":true}`),
		"challenge that breaks the adapter": headed("WWW-Authenticate", "Bearer claims=x", graphError(401, "x")),
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, always(answer), func(t *testing.T, write written, w *wire, client *msgraph.Client, waited *waits) {
				if name == "another object" && (write.path() == "/beta/users/svc@contoso.com/authentication/requirements" ||
					write.path() == "/v1.0/policies/identitySecurityDefaultsEnforcementPolicy") {
					t.Skip("an answer that Graph doesn't give has no id to compare with")
				}
				_, err := write.write(t.Context(), client)
				require.ErrorIs(t, err, entramfa.ErrUnavailable)
				assert.ErrorContains(t, err, open)
				var graph *entramfa.GraphError
				require.ErrorAs(t, err, &graph)
				assert.Equal(t, write.method, graph.Method)
				assert.Empty(t, waited.list)
				assert.Len(t, w.calls(), 1)
			})
		})
	}
}

// A creation must say what it made.
func TestCreationWithoutItsObjectMayExist(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"no content":    replyWith(204, ""),
		"no body":       replyWith(201, ""),
		"no id":         replyWith(201, `{"displayName":"P"}`),
		"empty id":      replyWith(201, `{"id":" ","displayName":"P"}`),
		"id of a list":  replyWith(201, `{"id":[1],"displayName":"P"}`),
		"another":       replyWith(201, `{"id":"`+policyID+`","displayName":"Q"}`),
		"half a policy": replyWith(201, `{"id":"`+policyID+`","displayName":"P","conditions":7}`),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, map[string]http.HandlerFunc{"/v1.0" + policiesURI: answer})
			created, _, err := w.client(t, nil).CreatePolicy(t.Context(), policy.Policy{DisplayName: "P", State: "disabled"})
			require.ErrorIs(t, err, entramfa.ErrUnavailable)
			assert.ErrorContains(t, err, `"P" may exist all the same`)
			assert.ErrorContains(t, err, open)
			assert.Empty(t, created.ID)
			assert.Len(t, w.calls(), 1)
		})
	}
}

func TestTimeOutOfAWriteLeavesItOpen(t *testing.T) {
	each(t, always(hang), func(t *testing.T, write written, w *wire, client *msgraph.Client, _ *waits) {
		ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
		defer cancel()
		_, err := write.write(ctx, client)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, entramfa.ErrUnavailable)
		assert.ErrorContains(t, err, open)
		assert.Len(t, w.calls(), 1)
	})
}

func TestWriteThatDidNotLeaveIsNotOpen(t *testing.T) {
	w := newWire(t, nil)
	t.Run("context ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := w.client(t, nil).UpdateSecurityDefaults(ctx, true)
		require.ErrorIs(t, err, context.Canceled)
		assert.NotContains(t, err.Error(), "open whether")
	})
	t.Run("no token", func(t *testing.T) {
		none := credential(func(context.Context, azpolicy.TokenRequestOptions) (azcore.AccessToken, error) {
			return azcore.AccessToken{}, errors.New("dial tcp: no route to host")
		})
		client := msgraph.New(newAdapterWith(t, none, w.Server, "127.0.0.1"), nil)
		_, err := client.UpdateSecurityDefaults(t.Context(), true)
		require.ErrorIs(t, err, entramfa.ErrUnavailable)
		assert.NotContains(t, err.Error(), "open whether")
	})
	t.Run("no connection", func(t *testing.T) {
		gone := newWire(t, nil)
		client := gone.client(t, nil)
		gone.Close()
		_, err := client.UpdateSecurityDefaults(t.Context(), true)
		require.ErrorIs(t, err, entramfa.ErrUnavailable)
		assert.NotContains(t, err.Error(), "open whether")
	})
	assert.Empty(t, w.calls())
}

func TestRefusedWriteNamesWhatIsNeeded(t *testing.T) {
	each(t, always(graphError(403, "AccessDenied")), func(t *testing.T, write written, w *wire, client *msgraph.Client, _ *waits) {
		_, err := write.write(t.Context(), client)
		require.ErrorIs(t, err, entramfa.ErrPermission)
		var graph *entramfa.GraphError
		require.ErrorAs(t, err, &graph)
		assert.Equal(t, write.grants, graph.Permissions)
		assert.Equal(t, write.extra, graph.Also)
		roles := strings.Contains(err.Error(), "RoleManagement.ReadWrite.Directory")
		assert.Equal(t, slices.Contains(write.grants, "GroupMember.ReadWrite.All"), roles, "the group may be one that can hold roles")
		assert.Len(t, w.calls(), 1)
	})
}

func TestWritesNeverTravelInABatch(t *testing.T) {
	each(t, func(w written) http.HandlerFunc { return w.answer }, func(t *testing.T, write written, w *wire, client *msgraph.Client, _ *waits) {
		_, err := write.write(client.Together(t.Context(), 2), client)
		require.NoError(t, err)
		assert.Equal(t, []string{write.method + " " + write.uri}, w.lines())
	})
}

func TestKeysThatLeadElsewhereAreNotSent(t *testing.T) {
	for _, key := range []string{"", ".", "..", " ", "../users", `a\b`, "x/y"} {
		t.Run(key, func(t *testing.T) {
			w := newWire(t, nil)
			client := w.client(t, nil)
			ctx := t.Context()
			_, policyErr := client.Policy(ctx, key)
			_, updateErr := client.UpdatePolicy(ctx, key, policy.Patch{ExcludeUsers: []string{}})
			_, deleteErr := client.DeletePolicy(ctx, key)
			_, locationErr := client.DeleteNamedLocation(ctx, key)
			_, groupErr := client.AddGroupMember(ctx, key, userID)
			_, memberErr := client.AddGroupMember(ctx, groupID, key)
			_, removeErr := client.RemoveGroupMember(ctx, groupID, key)
			_, fromErr := client.RemoveGroupMember(ctx, key, userID)
			_, userErr := client.UpdateRequirements(ctx, key, mfa.PerUserDisabled)
			_, _, addErr := client.AddPhone(ctx, key, mfa.PhoneMobile, aNumber)
			_, phoneErr := client.UpdatePhone(ctx, userID, key, mfa.PhoneMobile, aNumber)
			_, phoneUserErr := client.UpdatePhone(ctx, key, mobileID, mfa.PhoneMobile, aNumber)
			_, goneErr := client.DeletePhone(ctx, userID, key)
			_, contactErr := client.MobilePhone(ctx, key)
			_, mobileErr := client.UpdateMobilePhone(ctx, key, aNumber)
			_, passwordErr := client.SetPassword(ctx, key, aPassword)
			_, _, resetErr := client.ResetPassword(ctx, key, aPassword)
			_, registrationErr := client.Registration(ctx, key)
			for _, err := range []error{
				policyErr, updateErr, deleteErr, locationErr, groupErr, memberErr, removeErr, fromErr, userErr,
				addErr, phoneErr, phoneUserErr, goneErr, contactErr, mobileErr, passwordErr, resetErr, registrationErr,
			} {
				assert.ErrorIs(t, err, entramfa.ErrNotFound)
			}
			assert.Empty(t, w.calls())
		})
	}
}

func TestUnknownPerUserStateIsNotSent(t *testing.T) {
	w := newWire(t, nil)
	_, err := w.client(t, nil).UpdateRequirements(t.Context(), userID, "unknownFutureValue")
	require.ErrorContains(t, err, `"unknownFutureValue" is no state of per-user MFA`)
	assert.Empty(t, w.calls())
}

func TestWritePermissionsCoverEveryWrite(t *testing.T) {
	for _, test := range []struct {
		granted []string
		writes  map[string]written
	}{{msgraph.WritePermissions(), exemptions()}, {msgraph.EnrolmentPermissions(), enrolments()}} {
		for name, write := range test.writes {
			if name == "ResetPassword" {
				continue // no application can
			}
			assert.Contains(t, test.granted, write.grants[0], name)
			for _, also := range write.extra {
				assert.Contains(t, test.granted, also, name)
			}
		}
	}
}
