package msgraph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
)

var _ mfa.PasswordGranter = (*PasswordGranter)(nil)

// commandLineTools is Microsoft Graph Command Line Tools, the public client of
// Microsoft Graph PowerShell. It is preferred to that of the Azure CLI, which
// Microsoft's mandatory MFA names.
// Source: https://learn.microsoft.com/entra/identity/authentication/concept-mandatory-multifactor-authentication.
const commandLineTools = "14d82eec-204b-4c2f-b7e8-296a70dab67e"

// PasswordGrantOptions change how a PasswordGranter works. The zero options and
// nil mean the same.
type PasswordGrantOptions struct {
	// Cloud says whose sign-in service is asked; empty means Public.
	Cloud Cloud
	// AuthorityHost is the address of the sign-in service instead of the cloud's own:
	// https, without a path.
	AuthorityHost string
	// DisableInstanceDiscovery leaves out the question to Microsoft's public cloud
	// whether it knows the AuthorityHost. Only a private one needs that.
	DisableInstanceDiscovery bool
	// ClientID is the public client that asks where a grant names none. Best is that
	// of the program which uses the account, for a tenant may treat programs
	// differently; it has to allow public client flows. Empty means Microsoft Graph
	// Command Line Tools, 14d82eec-204b-4c2f-b7e8-296a70dab67e: a tenant that never
	// consented to it refuses with AADSTS65001, which says nothing about MFA.
	ClientID string
	// HTTPClient sends the requests, as it is but for redirects, which are never
	// followed. It must not repeat a request: each sign-in counts. nil means one of
	// net/http with its default transport.
	HTTPClient *http.Client
}

// PasswordGranter asks the sign-in service of Microsoft Entra for tokens with
// the password of an account. It needs no permission. It is safe for concurrent use.
//
// Each grant is one attempt of the account's own: it stands in the sign-in log,
// and a wrong password counts towards the account's lockout. The password goes to
// the token endpoint of the authority host and nowhere else, and the tokens are
// thrown away.
type PasswordGranter struct {
	tenant    string
	authority *url.URL
	known     bool // instance discovery is off
	clientID  string
	client    *http.Client
}

// NewPasswordGranter returns a PasswordGranter for a tenant, given by its id or
// one of its domains. It does no I/O. It fails for a tenant that is none, such as
// organizations, and for an authority host that is no https address.
func NewPasswordGranter(tenantID string, opts *PasswordGrantOptions) (*PasswordGranter, error) {
	if opts == nil {
		opts = &PasswordGrantOptions{}
	}
	if !tenantName.MatchString(tenantID) {
		return nil, fmt.Errorf("msgraph: %q is no tenant; give its id or one of its domains", tenantID)
	}
	authority, err := authorityOf(opts)
	if err != nil {
		return nil, err
	}
	client := opts.HTTPClient
	if client == nil {
		client = &http.Client{}
	}
	return &PasswordGranter{
		tenant: tenantID, authority: authority, known: opts.DisableInstanceDiscovery,
		clientID: first(opts.ClientID, commandLineTools), client: withoutRedirects(client),
	}, nil
}

// tenantName fits an object id and a domain name, which has a dot; no word like common.
var tenantName = regexp.MustCompile(`^(?:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[0-9A-Za-z](?:[0-9A-Za-z-]*\.)+[0-9A-Za-z-]+)$`)

// signInServices says where the clouds sign in.
// Source: https://learn.microsoft.com/graph/deployments.
var signInServices = map[Cloud]string{
	Public:         "https://login.microsoftonline.com",
	USGovernmentL4: "https://login.microsoftonline.us",
	USGovernmentL5: "https://login.microsoftonline.us",
	China:          "https://login.chinacloudapi.cn",
}

// authorityOf returns the address of the sign-in service.
func authorityOf(opts *PasswordGrantOptions) (*url.URL, error) {
	cloud := opts.Cloud
	if cloud == "" {
		cloud = Public
	}
	address := first(opts.AuthorityHost, signInServices[cloud])
	if address == "" {
		return nil, fmt.Errorf("msgraph: the sign-in service of the cloud %q is not known; give the authority host", cloud)
	}
	authority, err := url.Parse(address)
	if err != nil || authority.Scheme != "https" || authority.Host == "" || authority.User != nil ||
		strings.Trim(authority.Path, "/") != "" || authority.RawQuery != "" {
		return nil, fmt.Errorf("msgraph: authority host %q is no https address without a path", address)
	}
	return &url.URL{Scheme: "https", Host: authority.Host}, nil
}

// PasswordGrant asks for a token once, for the scope .default of the resource;
// Microsoft Graph where the grant names none. The account's domain is looked up
// first: where another identity provider checks the password, or nobody knows the
// domain, the password is not sent and the error is entramfa.ErrNotRead. Without an
// answer of the service's own the error is entramfa.ErrUnavailable; the attempt may
// have been made then. No error and no answer shows the password or a token.
// Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth-ropc.
func (g *PasswordGranter) PasswordGrant(ctx context.Context, grant mfa.PasswordGrant) (mfa.TokenAnswer, error) {
	if err := checkGrant(grant); err != nil {
		return mfa.TokenAnswer{}, err
	}
	s := &signInSession{client: g.client, authority: g.authority.Host, discover: !g.known, grant: grant}
	err := g.ask(ctx, s)
	switch {
	case s.answer != nil:
		return *s.answer, nil
	case s.problem != nil:
		return mfa.TokenAnswer{}, s.problem
	case err == nil:
		return mfa.TokenAnswer{}, s.fails(entramfa.ErrUnavailable, "no password was asked for")
	}
	return mfa.TokenAnswer{}, s.unusable(ctx, err)
}

// checkGrant says what a grant lacks.
func checkGrant(grant mfa.PasswordGrant) error {
	switch {
	case strings.TrimSpace(grant.Username) == "":
		return errors.New("msgraph: a password grant needs a user principal name")
	case grant.Password.Reveal() == "":
		return errors.New("msgraph: a password grant needs a password")
	case strings.ContainsAny(grant.Resource, " \t\r\n"):
		return fmt.Errorf("msgraph: %q is no resource", grant.Resource)
	}
	return nil
}

// ask lets MSAL run the grant over the session. Each has a client of its own,
// whose cache of tokens goes with it.
func (g *PasswordGranter) ask(ctx context.Context, s *signInSession) error {
	client, err := public.New(first(s.grant.ClientID, g.clientID),
		public.WithAuthority(g.authority.String()+"/"+g.tenant),
		public.WithInstanceDiscovery(!g.known),
		public.WithHTTPClient(s))
	if err != nil {
		return err
	}
	scope := first(s.grant.Resource, mfa.MicrosoftGraph) + "/.default"
	//lint:ignore SA1019 the deprecated flow is the one that the account uses, and that has to be tried
	_, err = client.AcquireTokenByUsernamePassword(ctx, []string{scope}, s.grant.Username, s.grant.Password.Reveal())
	return err
}
