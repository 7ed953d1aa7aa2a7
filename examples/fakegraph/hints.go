package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/entramfa/entramfa/examples/internal/layout"
)

// place is where the program listens.
type place struct {
	http    bool
	names   []string // for which the certificate is
	address net.Addr
	ca      string // the file of the authority's certificate, "" without TLS
}

// host is a name with the port.
func (p place) host(name string) string {
	_, port, _ := net.SplitHostPort(p.address.String())
	return net.JoinHostPort(name, port)
}

func (p place) url(name string) string {
	if p.http {
		return "http://" + p.host(name)
	}
	return "https://" + p.host(name)
}

// hints is what is printed at the start: where it is, and how clients get there.
func (s *served) hints(p place) string {
	var text strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&text, "%s%s\n", layout.Pad(name, 13), fmt.Sprintf(format, args...))
	}
	base, id := p.url(p.names[0]), s.tenant.ID()
	row("Graph", "%s/v1.0 and %s/beta", base, base)
	row("Sign-in", "%s/%s/oauth2/v2.0/token", base, id)
	row("Names", "%s", strings.Join(p.names, ", "))
	if p.ca != "" {
		row("Authority", "%s (made at this start)", p.ca)
	}
	row("Tenant", "%s", id)
	row("Application", "%s, secret %s (new at each start, not shown again)", demoApplication, s.secret)
	switch {
	case s.kept:
		row("Accounts", "as they were when the state was written, their passwords too")
	case s.password != "":
		row("Account", "%s, password %s (not shown again)", s.account, s.password)
	case s.account != "":
		row("Account", "%s", layout.Clean(s.account))
	}
	text.WriteString("\nHow to point a client here; the secret stands for <secret>:\n\n")
	for _, c := range p.clients(id) {
		fmt.Fprintf(&text, "%s\n    %s\n", c[0], c[1])
	}
	return text.String()
}

// clients are the usual ones, and a line for each.
func (p place) clients(tenant string) [][2]string {
	name, base := p.names[0], p.url(p.names[0])
	curl := "curl"
	if p.ca != "" {
		curl += " --cacert " + p.ca
	}
	token := fmt.Sprintf("%s -s -d grant_type=client_credentials -d client_id=%s -d client_secret=<secret> -d scope=https://graph.microsoft.com/.default %s/%s/oauth2/v2.0/token",
		curl, demoApplication, base, tenant)
	list := [][2]string{
		{"curl, for a token", token},
		{"curl, for Graph", fmt.Sprintf("%s -H 'Authorization: Bearer <access_token>' '%s/v1.0/users?$select=userPrincipalName'", curl, base)},
	}
	if p.http {
		return append(list, [2]string{"other clients", "sign in over TLS alone: start without -http"})
	}
	return append(list, [][2]string{
		{"msgraph-sdk-go and azidentity (on Linux; elsewhere give both an HTTP client that trusts the file)",
			fmt.Sprintf("SSL_CERT_FILE=%s; azidentity: Cloud.ActiveDirectoryAuthorityHost %q, DisableInstanceDiscovery true; the SDK: valid hosts []string{%q}, adapter.SetBaseUrl(%q)",
				p.ca, base, name, base+"/v1.0")},
		{"@azure/identity and @microsoft/microsoft-graph-client",
			fmt.Sprintf(`NODE_EXTRA_CA_CERTS=%s; ClientSecretCredential: { authorityHost: %q, disableInstanceDiscovery: true }; Client: { baseUrl: %q, customHosts: new Set([%q]) }`,
				p.ca, base, base+"/", name)},
		{"@azure/msal-node",
			fmt.Sprintf(`NODE_EXTRA_CA_CERTS=%s; auth: { clientId: %q, authority: %q, knownAuthorities: [%q], clientSecret: <secret> }`,
				p.ca, demoApplication, base+"/"+tenant, p.host(name))},
		{"github.com/hashicorp/go-azure-sdk (on Linux)",
			fmt.Sprintf("SSL_CERT_FILE=%s; environments.FromEndpoint(ctx, %q)", p.ca, base)},
		{"the CLI for Microsoft 365, which knows no host but Microsoft's",
			fmt.Sprintf("start with -hosts graph.microsoft.com,login.microsoftonline.com; NODE_EXTRA_CA_CERTS=%s, and lead its connections to %s as internal/clients/npm/redirect.cjs does",
				p.ca, p.host(name))},
	}...)
}
