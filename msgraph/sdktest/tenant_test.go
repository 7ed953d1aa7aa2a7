package sdktest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	azpolicy "github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	khttp "github.com/microsoft/kiota-http-go"
	sdk "github.com/microsoftgraph/msgraph-sdk-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/graphfake"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/msgraph"
	"github.com/entramfa/entramfa/policy"
)

const (
	host    = "graph.entramfa.test"
	account = "svc@contoso.com"
	secret  = "s3cret~value"
	// password is that of the account that signs in with one.
	password = "p4ss-w0rd"
	reader   = "reader@contoso.com"
)

// world is a tenant behind TLS, with a certificate authority of its own.
type world struct {
	tenant *graphfake.Tenant
	server *httptest.Server
	// client reaches the server under the host's name and trusts its authority.
	client *http.Client
	// base is the address that clients use.
	base string
	key  *rsa.PrivateKey
	cert *x509.Certificate
	app  string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{tenant: fill(t)}
	w.key, w.cert = applicationCertificate(t)
	required, optional := msgraph.Permissions()
	w.app = w.tenant.AddApplication(graphfake.Application{
		Secret: secret, Certificate: w.cert, Permissions: append(required, optional...), Scopes: append(slices.Clone(required), optional...),
	})
	authority, leaf := serverCertificate(t)
	w.server = httptest.NewUnstartedServer(w.tenant)
	w.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	w.server.TLS = &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12}
	w.server.EnableHTTP2 = true
	w.server.StartTLS()
	t.Cleanup(w.server.Close)
	_, port, err := net.SplitHostPort(w.server.Listener.Addr().String())
	require.NoError(t, err)
	w.base = "https://" + host + ":" + port
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	w.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, w.server.Listener.Addr().String())
		},
	}}
	t.Cleanup(w.client.CloseIdleConnections)
	return w
}

// fill makes a tenant whose account is met by policies in several ways.
func fill(t *testing.T) *graphfake.Tenant {
	t.Helper()
	tenant := &graphfake.Tenant{}
	tenant.AddDomain(mfa.Domain{ID: "contoso.com", AuthenticationType: "Managed"})
	id := tenant.AddUser(mfa.User{UserPrincipalName: account, DisplayName: "Connection account"})
	tenant.AddUser(mfa.User{UserPrincipalName: reader, DisplayName: "Reader"})
	require.NoError(t, tenant.GivePassword(reader, password))
	inner := tenant.AddGroup(policy.Group{DisplayName: "Service accounts"})
	outer := tenant.AddGroup(policy.Group{DisplayName: "Automation"})
	require.NoError(t, tenant.AddMember(outer, inner))
	require.NoError(t, tenant.AddMember(inner, id))
	add := func(name string, users policy.Users, control string) {
		_, err := tenant.AddPolicy(policy.Policy{
			DisplayName: name, State: policy.StateEnabled,
			Conditions: &policy.Conditions{
				ClientAppTypes: []string{"all"}, Users: &users,
				Applications: &policy.Applications{IncludeApplications: []string{"All"}},
			},
			GrantControls: &policy.GrantControls{Operator: new("OR"), BuiltInControls: []string{control}},
		})
		require.NoError(t, err)
	}
	add("MFA for automation", policy.Users{IncludeGroups: []string{outer}}, "mfa")
	add("From the future", policy.Users{IncludeUsers: []string{id}}, "riskRemediation")
	tenant.AddNamedLocation(policy.NamedLocation{
		Type: policy.IPNamedLocation, DisplayName: "Office", IsTrusted: new(true),
		IPRanges: []policy.IPRange{{Type: "#microsoft.graph.iPv4CidrRange", CIDRAddress: "203.0.113.0/24"}},
	})
	return tenant
}

// options points azidentity at the tenant's authority and nothing else.
func (w *world) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Transport: w.client,
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.base},
		Retry:     azpolicy.RetryOptions{MaxRetries: -1},
	}
}

// graph returns the SDK's client as a program makes it, with its middleware, on
// a host of its own.
func (w *world) graph(t *testing.T, cred azcore.TokenCredential) *sdk.GraphServiceClient {
	t.Helper()
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
		cred, []string{"https://graph.microsoft.com/.default"}, []string{host})
	require.NoError(t, err)
	options := sdk.GetDefaultClientOptions()
	client := khttp.GetDefaultClient()
	client.Transport = khttp.NewCustomTransportWithParentTransport(w.client.Transport, core.GetDefaultMiddlewaresWithOptions(&options)...)
	adapter, err := sdk.NewGraphRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(auth, nil, nil, client)
	require.NoError(t, err)
	adapter.SetBaseUrl(w.base + "/v1.0")
	return sdk.NewGraphServiceClient(adapter)
}

// paths lists what was asked, the tokens apart from Graph.
func (w *world) paths() (tokens, graph []string) {
	for _, r := range w.tenant.Requests() {
		switch {
		case strings.HasSuffix(r.Path, "/oauth2/v2.0/token"):
			tokens = append(tokens, r.Path)
		case strings.HasPrefix(r.Path, "/v1.0/"), strings.HasPrefix(r.Path, "/beta/"):
			graph = append(graph, r.Path)
		}
	}
	return tokens, graph
}

// serverCertificate makes an authority and a certificate for the host.
func serverCertificate(t *testing.T) (*x509.Certificate, tls.Certificate) {
	t.Helper()
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "entramfa test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	require.NoError(t, err)
	authority, err = x509.ParseCertificate(der)
	require.NoError(t, err)

	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err = x509.CreateCertificate(rand.Reader, leaf, authority, &key.PublicKey, authorityKey)
	require.NoError(t, err)
	return authority, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// applicationCertificate makes what an app registration signs in with.
func applicationCertificate(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "checker"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return key, cert
}
