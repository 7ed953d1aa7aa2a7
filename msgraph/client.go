package msgraph

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"

	"github.com/entramfa/entramfa/mfa"
)

// Cloud is the address of Microsoft Graph in a national cloud, without the
// version. The credential has to belong to the same cloud: set
// azcore.ClientOptions.Cloud to the value that each constant names.
// Source: https://learn.microsoft.com/graph/deployments.
type Cloud string

const (
	// Public is the worldwide cloud, and the government community cloud (GCC): cloud.AzurePublic.
	Public Cloud = "https://graph.microsoft.com"
	// USGovernmentL4 is GCC High: cloud.AzureGovernment.
	USGovernmentL4 Cloud = "https://graph.microsoft.us"
	// USGovernmentL5 is the cloud of the Department of Defense: cloud.AzureGovernment.
	USGovernmentL5 Cloud = "https://dod-graph.microsoft.us"
	// China is the cloud that 21Vianet operates: cloud.AzureChina.
	China Cloud = "https://microsoftgraph.chinacloudapi.cn"
)

// Options change how a Client works. The zero Options and nil mean the same.
type Options struct {
	// Cloud is where Connect finds Graph and for what it asks a token; empty
	// means Public. New takes the cloud from the adapter and ignores it.
	Cloud Cloud
	// BaseURL is where requests go instead of the cloud's or the adapter's own
	// address: a proxy, a test server; with or without the version at its end.
	// The token goes there too, and is still one for Cloud.
	BaseURL string
	// HTTPClient sends the requests of Connect, as it is but for redirects, which
	// are never followed; nil means msgraph-sdk-go-core's client with its
	// middleware. New ignores it.
	HTTPClient *http.Client
	// MaxTries is how often a request is sent at most; 0 means 4, 1 means that nothing
	// is repeated. What changes the tenant never is.
	MaxTries int
	// MaxWait is how long a request waits between tries in all; 0 means a minute.
	// A request that was asked to wait longer fails at once.
	MaxWait time.Duration
}

// Client reads one tenant, and changes it. It is safe for concurrent use.
type Client struct {
	adapter abstractions.RequestAdapter
	baseURL string
	retry   retry
	linger  time.Duration
	turn    chan struct{} // held by the plan that changes the tenant
}

var (
	_ mfa.ReadWriter      = (*Client)(nil)
	_ mfa.Enroller        = (*Client)(nil)
	_ mfa.SignInLogReader = (*Client)(nil)
	_ mfa.Batcher         = (*Client)(nil)
	_ mfa.AdminsReader    = (*Client)(nil)
	_ mfa.GroupSource     = (*Client)(nil)
	_ mfa.Locker          = (*Client)(nil)
)

// New returns a Client that sends its requests through an adapter: that of a
// GraphServiceClient, or any other that authenticates its requests. It does no
// I/O; a base URL that is none is reported by every read.
func New(adapter abstractions.RequestAdapter, opts *Options) *Client {
	if opts == nil {
		opts = &Options{}
	}
	return &Client{
		adapter: adapter,
		baseURL: opts.BaseURL,
		retry:   newRetry(opts),
		linger:  defaultLinger,
		turn:    make(chan struct{}, 1),
	}
}

// Connect returns a Client that signs in with a credential, such as azidentity
// makes them. It does no I/O: a credential that is refused is reported by the
// first read. It fails without a credential, and for an address that is no https URL.
func Connect(cred azcore.TokenCredential, opts *Options) (*Client, error) {
	if cred == nil {
		return nil, errors.New("msgraph: Connect needs a credential")
	}
	if opts == nil {
		opts = &Options{}
	}
	cloud := string(opts.Cloud)
	if cloud == "" {
		cloud = string(Public)
	}
	base := opts.BaseURL
	if base == "" {
		base = cloud
	}
	root, err := rootOf(base)
	if err != nil {
		return nil, err
	}
	scope := strings.TrimRight(cloud, "/") + "/.default"
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
		cred, []string{scope}, []string{root.Hostname()})
	if err != nil {
		return nil, fmt.Errorf("msgraph: %w", err)
	}
	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, core.GraphClientOptions{}, nil, nil, withoutRedirects(opts.HTTPClient))
	if err != nil {
		return nil, fmt.Errorf("msgraph: %w", err)
	}
	adapter.SetBaseUrl(root.String() + "/" + string(v1))
	return New(adapter, opts), nil
}

// withoutRedirects returns a copy that hands redirects back; nil stays nil.
func withoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		return nil
	}
	own := *client
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// root returns the address of Graph without the version. It asks the adapter
// each time, for a program may set the adapter's base URL after New.
func (c *Client) root() (*url.URL, error) {
	if c.adapter == nil {
		return nil, errors.New("msgraph: New was given no request adapter")
	}
	base := c.baseURL
	if base == "" {
		base = c.adapter.GetBaseUrl()
	}
	if base == "" {
		base = string(Public)
	}
	return rootOf(base)
}

// rootOf checks a base URL and cuts the version off.
func rootOf(base string) (*url.URL, error) {
	root, err := url.Parse(base)
	if err != nil || root.Host == "" || root.Scheme != "https" && root.Scheme != "http" {
		return nil, fmt.Errorf("msgraph: base URL %q is no https address", base)
	}
	path := strings.TrimRight(root.Path, "/")
	for _, v := range []version{v1, beta} {
		path = strings.TrimSuffix(path, "/"+string(v))
	}
	return &url.URL{Scheme: root.Scheme, Host: root.Host, Path: path}, nil
}
