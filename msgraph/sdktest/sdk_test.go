package sdktest

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
	sdkusers "github.com/microsoftgraph/msgraph-sdk-go/users"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
)

func (w *world) withSecret(t *testing.T, value string) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewClientSecretCredential(w.tenant.ID(), w.app, value, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: w.options(), DisableInstanceDiscovery: true,
	})
	require.NoError(t, err)
	return cred
}

func (w *world) withCertificate(t *testing.T) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewClientCertificateCredential(w.tenant.ID(), w.app, []*x509.Certificate{w.cert}, w.key,
		&azidentity.ClientCertificateCredentialOptions{ClientOptions: w.options(), DisableInstanceDiscovery: true})
	require.NoError(t, err)
	return cred
}

//lint:ignore SA1019 deprecated by Microsoft for the reason that this module checks: MFA
func (w *world) withPassword(t *testing.T, name, value string) azcore.TokenCredential {
	t.Helper()
	cred, err := azidentity.NewUsernamePasswordCredential(w.tenant.ID(), w.app, name, value,
		&azidentity.UsernamePasswordCredentialOptions{ClientOptions: w.options(), DisableInstanceDiscovery: true})
	require.NoError(t, err)
	return cred
}

// Check over the client of a real program says what the tenant says, with one
// token and two round trips.
func TestCheckThroughTheSDK(t *testing.T) {
	credentials := map[string]func(*world) azcore.TokenCredential{
		"client secret":      func(w *world) azcore.TokenCredential { return w.withSecret(t, secret) },
		"client certificate": func(w *world) azcore.TokenCredential { return w.withCertificate(t) },
	}
	for name, credential := range credentials {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			opts := &mfa.Options{Now: time.Now()}
			want, err := mfa.Check(t.Context(), w.tenant, account, opts)
			require.NoError(t, err)
			client := w.graph(t, credential(w))
			got, err := mfa.Check(t.Context(), msgraph.New(client.GetAdapter(), nil), account, opts)
			require.NoError(t, err)
			wanted, err := json.Marshal(want)
			require.NoError(t, err)
			text, err := json.Marshal(got)
			require.NoError(t, err)
			assert.JSONEq(t, string(wanted), string(text))
			assert.Equal(t, entramfa.MFA, got.Outcome)

			tokens, graph := w.paths()
			assert.Len(t, tokens, 1)
			slices.Sort(graph)
			assert.Equal(t, []string{
				"/beta/$batch", "/beta/roleManagement/directory/transitiveRoleAssignments", "/v1.0/$batch", "/v1.0/$batch",
			}, graph)
		})
	}
}

func TestCheckByConnect(t *testing.T) {
	w := newWorld(t)
	reader, err := msgraph.Connect(w.withSecret(t, secret), &msgraph.Options{BaseURL: w.base, HTTPClient: w.client})
	require.NoError(t, err)
	report, err := mfa.Check(t.Context(), reader, account, nil)
	require.NoError(t, err)
	assert.Equal(t, entramfa.MFA, report.Outcome)
	tokens, _ := w.paths()
	assert.Len(t, tokens, 1)
}

// The wire format is the SDK's too: what its own builders read is what msgraph reads.
func TestTheSDKReadsTheSame(t *testing.T) {
	w := newWorld(t)
	client := w.graph(t, w.withSecret(t, secret))
	ours := msgraph.New(client.GetAdapter(), nil)
	ctx := t.Context()

	user, err := client.Users().ByUserId(account).Get(ctx, nil)
	require.NoError(t, err)
	ourUser, err := ours.User(ctx, account)
	require.NoError(t, err)
	assert.Equal(t, *user.GetId(), ourUser.ID)
	assert.Equal(t, *user.GetDisplayName(), ourUser.DisplayName)

	users, err := client.Users().Get(ctx, nil)
	require.NoError(t, err)
	assert.Len(t, users.GetValue(), 2)

	headers := abstractions.NewRequestHeaders()
	headers.Add("ConsistencyLevel", "eventual")
	groups, err := client.Users().ByUserId(account).TransitiveMemberOf().GraphGroup().Get(ctx,
		&sdkusers.ItemTransitiveMemberOfGraphGroupRequestBuilderGetRequestConfiguration{
			Headers: headers, QueryParameters: &sdkusers.ItemTransitiveMemberOfGraphGroupRequestBuilderGetQueryParameters{Count: new(true)},
		})
	require.NoError(t, err)
	ourGroups, err := ours.TransitiveMemberOf(ctx, account)
	require.NoError(t, err)
	require.Len(t, ourGroups, len(groups.GetValue()))
	for i, g := range groups.GetValue() {
		assert.Equal(t, *g.GetId(), ourGroups[i].ID)
		assert.Equal(t, *g.GetDisplayName(), ourGroups[i].DisplayName)
	}

	locations, err := client.Identity().ConditionalAccess().NamedLocations().Get(ctx, nil)
	require.NoError(t, err)
	ourLocations, err := ours.NamedLocations(ctx)
	require.NoError(t, err)
	require.Len(t, locations.GetValue(), 1)
	require.Len(t, ourLocations, 1)
	assert.Equal(t, *locations.GetValue()[0].GetOdataType(), ourLocations[0].Type)

	defaults, err := client.Policies().IdentitySecurityDefaultsEnforcementPolicy().Get(ctx, nil)
	require.NoError(t, err)
	ourDefaults, err := ours.SecurityDefaults(ctx)
	require.NoError(t, err)
	assert.Equal(t, *defaults.GetIsEnabled(), *ourDefaults.IsEnabled)

	domain, err := client.Domains().ByDomainId("contoso.com").Get(ctx, nil)
	require.NoError(t, err)
	ourDomain, err := ours.Domain(ctx, "contoso.com")
	require.NoError(t, err)
	assert.Equal(t, *domain.GetAuthenticationType(), ourDomain.AuthenticationType)
}

// Why msgraph decodes JSON itself and reads beta: the list that the SDK reads
// from v1.0 can lack policies, and its models change values that they don't know.
func TestPoliciesOfTheSDKAreNotEnough(t *testing.T) {
	w := newWorld(t)
	client := w.graph(t, w.withSecret(t, secret))
	ours, err := msgraph.New(client.GetAdapter(), nil).Policies(t.Context())
	require.NoError(t, err)
	require.Len(t, ours.Policies, 2)
	assert.Empty(t, ours.Hidden)
	assert.Equal(t, []string{"riskRemediation"}, ours.Policies[1].GrantControls.BuiltInControls)

	theirs, err := client.Identity().ConditionalAccess().Policies().Get(t.Context(), nil)
	require.NoError(t, err)
	for _, p := range theirs.GetValue() {
		if *p.GetDisplayName() != "From the future" {
			continue
		}
		for _, control := range p.GetGrantControls().GetBuiltInControls() {
			assert.NotEqual(t, "riskRemediation", control.String())
		}
	}
}

func TestSignInsThatFail(t *testing.T) {
	check := func(t *testing.T, w *world, cred azcore.TokenCredential) error {
		t.Helper()
		_, err := mfa.Check(t.Context(), msgraph.New(w.graph(t, cred).GetAdapter(), nil), account, nil)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), secret)
		assert.NotContains(t, err.Error(), password)
		return err
	}
	code := func(t *testing.T, err error) string {
		t.Helper()
		var graph *entramfa.GraphError
		require.ErrorAs(t, err, &graph)
		return graph.Code
	}
	t.Run("wrong secret", func(t *testing.T) {
		w := newWorld(t)
		err := check(t, w, w.withSecret(t, "not-the-one"))
		require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
		assert.Equal(t, "AADSTS7000215", code(t, err))
		assert.NotContains(t, err.Error(), "not-the-one")
	})
	t.Run("expired secret", func(t *testing.T) {
		w := newWorld(t)
		w.app = w.tenant.AddApplication(graphfake.Application{Secret: secret, SecretExpires: time.Now().Add(-time.Hour)})
		err := check(t, w, w.withSecret(t, secret))
		require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
		assert.Equal(t, "AADSTS7000222", code(t, err))
		require.ErrorContains(t, err, "make a new one")
	})
	t.Run("unknown application", func(t *testing.T) {
		w := newWorld(t)
		w.app = "22222222-2222-4222-8222-222222222222"
		err := check(t, w, w.withSecret(t, secret))
		require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
		assert.Equal(t, "AADSTS700016", code(t, err))
	})
	t.Run("another certificate", func(t *testing.T) {
		w := newWorld(t)
		w.key, w.cert = applicationCertificate(t)
		err := check(t, w, w.withCertificate(t))
		require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
		assert.Equal(t, "AADSTS700027", code(t, err))
	})
	t.Run("no permission", func(t *testing.T) {
		w := newWorld(t)
		w.app = w.tenant.AddApplication(graphfake.Application{Secret: secret})
		err := check(t, w, w.withSecret(t, secret))
		require.ErrorIs(t, err, entramfa.ErrPermission)
		require.ErrorContains(t, err, "grant User.Read.All")
	})
	t.Run("the checked account itself", func(t *testing.T) {
		w := newWorld(t)
		require.NoError(t, w.tenant.GivePassword(account, password))
		err := check(t, w, w.withPassword(t, account, password))
		require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
		assert.Contains(t, []string{"AADSTS50076", "AADSTS50079"}, code(t, err))
		require.ErrorContains(t, err, "app registration")
	})
	t.Run("wrong password", func(t *testing.T) {
		w := newWorld(t)
		err := check(t, w, w.withPassword(t, reader, "not-it"))
		require.ErrorIs(t, err, entramfa.ErrUnauthenticated)
		assert.Equal(t, "AADSTS50126", code(t, err))
	})
	t.Run("login out of reach", func(t *testing.T) {
		w := newWorld(t)
		cred := w.withSecret(t, secret)
		w.server.Close()
		require.ErrorIs(t, check(t, w, cred), entramfa.ErrUnavailable)
	})
	t.Run("cancelled", func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := mfa.Check(ctx, msgraph.New(w.graph(t, w.withSecret(t, secret)).GetAdapter(), nil), account, nil)
		require.ErrorIs(t, err, context.Canceled)
	})
}

// An account that nothing stands in the way of signs in with its password
// alone: the question of this module, asked of the token endpoint itself.
func TestPasswordGrant(t *testing.T) {
	w := newWorld(t)
	report, err := mfa.Check(t.Context(), w.tenant, reader, nil)
	require.NoError(t, err)
	require.Equal(t, entramfa.Clear, report.Outcome)
	client := w.graph(t, w.withPassword(t, reader, password))
	found, err := client.Users().ByUserId(account).Get(t.Context(), nil)
	require.NoError(t, err, "the application has the scope, and any member may read accounts")
	assert.Equal(t, account, *found.GetUserPrincipalName())
	tokens, graph := w.paths()
	assert.Len(t, tokens, 1)
	assert.Len(t, graph, 1)
	_, err = client.Identity().ConditionalAccess().Policies().Get(t.Context(), nil)
	var refused *odataerrors.ODataError
	require.ErrorAs(t, err, &refused, "the account has no role")
	assert.Equal(t, http.StatusForbidden, refused.ResponseStatusCode)
}
