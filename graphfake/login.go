package graphfake

import (
	"net/http"
	"net/url"
	"strings"
)

// login answers the endpoints that stand beside Graph; false where the path is none of them.
func (t *Tenant) login(r *http.Request, base string, body []byte) (response, bool) {
	segments := splitPath(r.URL.EscapedPath())
	path := strings.ToLower(strings.Join(segments[1:], "/"))
	switch {
	case path == "v2.0/.well-known/openid-configuration", path == ".well-known/openid-configuration":
		return getOnly(r, t.openID(base, segments[0]))
	case strings.EqualFold(segments[0], "common") && path == "discovery/instance":
		return getOnly(r, jsonResponse(http.StatusOK, instanceDiscovery(base)))
	case strings.EqualFold(segments[0], "common") && strings.HasPrefix(path, "userrealm/") && len(segments) == 3:
		return getOnly(r, t.userRealm(segments[2]))
	case path == "oauth2/v2.0/token", path == "oauth2/token":
		if r.Method != http.MethodPost {
			return methodNotAllowed(http.MethodPost), true
		}
		return t.token(r, base, segments[0], body), true
	}
	return response{}, false
}

func getOnly(r *http.Request, reply response) (response, bool) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return methodNotAllowed(http.MethodGet), true
	}
	return reply, true
}

func methodNotAllowed(allow string) response {
	reply := jsonResponse(http.StatusMethodNotAllowed, map[string]string{"error": "invalid_request"})
	reply.header.Set("Allow", allow)
	return reply
}

// openID answers the metadata of the authority; everything in it stands on the same base.
func (t *Tenant) openID(base, tenant string) response {
	if !t.knowsTenant(tenant) && !multiTenant(tenant) {
		return t.signInError(signInFailure{code: 90002, kind: "invalid_tenant", text: "Tenant '" + tenant + "' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."})
	}
	authority := base + "/" + url.PathEscape(tenant)
	return jsonResponse(http.StatusOK, map[string]any{
		"issuer":                                base + "/" + t.ID() + "/v2.0",
		"authorization_endpoint":                authority + "/oauth2/v2.0/authorize",
		"token_endpoint":                        authority + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         authority + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              authority + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"response_types_supported":              []string{"code", "id_token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"tenant_region_scope":                   nil,
	})
}

func instanceDiscovery(base string) map[string]any {
	host := strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
	return map[string]any{
		"tenant_discovery_endpoint": base + "/common/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": host, "preferred_cache": host, "aliases": []string{host},
		}},
	}
}

// userRealm says who signs an account in: Microsoft Entra, or the server that its domain is federated with.
func (t *Tenant) userRealm(upn string) response {
	_, name, _ := strings.Cut(upn, "@")
	t.mu.Lock()
	domain, known := t.directory.domains.get(name)
	t.mu.Unlock()
	realm := map[string]any{"ver": "1.0", "account_type": "Unknown", "cloud_instance_name": "microsoftonline.com", "cloud_audience_urn": "urn:federation:MicrosoftOnline"}
	if known {
		realm["account_type"] = "Managed"
		realm["domain_name"] = domain.ID
	}
	if known && strings.EqualFold(domain.AuthenticationType, "Federated") {
		realm["account_type"] = "Federated"
		realm["federation_protocol"] = "WSTrust"
		realm["federation_metadata_url"] = "https://sts." + domain.ID + "/adfs/services/trust/mex"
		realm["federation_active_auth_url"] = "https://sts." + domain.ID + "/adfs/services/trust/2005/usernamemixed"
	}
	return jsonResponse(http.StatusOK, realm)
}

// knowsTenant says whether a name in the path is this tenant: its id or one of its domains.
func (t *Tenant) knowsTenant(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, domain := t.directory.domains.get(name)
	return domain || strings.EqualFold(name, t.ID())
}

func multiTenant(name string) bool {
	return strings.EqualFold(name, "common") || strings.EqualFold(name, "organizations")
}
