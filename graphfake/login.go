package graphfake

import (
	"net/http"
	"strings"
)

// login answers the endpoints that stand beside Graph; false where the path is none of them.
func (t *Tenant) login(r *http.Request, base string, body []byte) (response, bool) {
	segments := splitPath(r.URL.EscapedPath())
	tenant, path := segments[0], strings.ToLower(strings.Join(segments[1:], "/"))
	switch {
	case path == "v2.0/.well-known/openid-configuration":
		return getOnly(r, t.openID(base, tenant, false))
	case path == ".well-known/openid-configuration":
		return getOnly(r, t.openID(base, tenant, true))
	case path == "discovery/v2.0/keys", path == "discovery/keys":
		return getOnly(r, t.publicKeys(base, tenant))
	case path == "oauth2/v2.0/token", path == "oauth2/token":
		if r.Method != http.MethodPost {
			return t.postOnly(r), true
		}
		return t.token(r, base, tenant, body), true
	case path == "oauth2/v2.0/devicecode", path == "oauth2/devicecode":
		if r.Method != http.MethodPost && (r.Method != http.MethodGet || path != "oauth2/devicecode") {
			return t.postOnly(r), true
		}
		return t.deviceCode(r, base, tenant, body), true
	case strings.EqualFold(tenant, "common") && path == "discovery/instance":
		return getOnly(r, jsonResponse(http.StatusOK, instanceDiscovery(base)))
	case strings.EqualFold(tenant, "common") && strings.HasPrefix(path, "userrealm/") && len(segments) == 3:
		return getOnly(r, t.userRealm(segments[2]))
	case strings.EqualFold(tenant, "metadata") && path == "endpoints":
		return getOnly(r, cloudMetadata(base, r.URL.Query().Get("api-version")))
	case strings.EqualFold(tenant, "subscriptions") && path == "" && r.URL.Query().Has("api-version"):
		return getOnly(r, jsonResponse(http.StatusOK, object{{"value", raw([]string{})}}))
	}
	return response{}, false
}

// postOnly refuses another verb. The status is ours: the service shows a page to a browser.
func (t *Tenant) postOnly(r *http.Request) response {
	reply := t.signInError(*refuseSignIn(900561, "invalid_request", "The endpoint only accepts POST requests. Received a %s request.", r.Method))
	reply.status = http.StatusMethodNotAllowed
	reply.header.Set("Allow", http.MethodPost)
	return reply
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

// openID answers the metadata of the authority; everything in it stands on the same
// base. A tenant stands there by its id, whatever it was asked by; the issuer of
// several is a pattern. Access tokens have the issuer of the older document.
func (t *Tenant) openID(base, tenant string, older bool) response {
	if failure := t.checkTenant(tenant); failure != nil {
		failure.kind = "invalid_tenant"
		return t.signInError(*failure)
	}
	name, id := t.ID(), t.ID()
	if multiTenant(tenant) {
		name, id = strings.ToLower(tenant), "{tenantid}"
	}
	authority, version := base+"/"+name, "/v2.0"
	issuer := base + "/" + id + "/v2.0"
	if older {
		version, issuer = "", "https://sts.windows.net/"+id+"/"
	}
	return jsonResponse(http.StatusOK, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                authority + "/oauth2" + version + "/authorize",
		"token_endpoint":                        authority + "/oauth2" + version + "/token",
		"device_authorization_endpoint":         authority + "/oauth2" + version + "/devicecode",
		"end_session_endpoint":                  authority + "/oauth2" + version + "/logout",
		"userinfo_endpoint":                     base + "/oidc/userinfo",
		"jwks_uri":                              authority + "/discovery" + version + "/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"response_modes_supported":              []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"scopes_supported":                      openIDScopes,
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{t.keys().algorithm()},
		"request_uri_parameter_supported":       false,
		"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "preferred_username", "name", "tid", "ver"},
		"tenant_region_scope":                   nil,
		"cloud_instance_name":                   "microsoftonline.com",
		"cloud_graph_host_name":                 "graph.windows.net",
		"msgraph_host":                          hostOf(base),
		"rbac_url":                              "https://pas.windows.net",
	})
}

// publicKeys answers the keys by which tokens are verified.
func (t *Tenant) publicKeys(base, tenant string) response {
	if failure := t.checkTenant(tenant); failure != nil {
		failure.kind = "invalid_tenant"
		return t.signInError(*failure)
	}
	return jsonResponse(http.StatusOK, object{{"keys", raw([]object{t.keys().jwk(base + "/" + t.ID() + "/v2.0")})}})
}

// cloudMetadata tells the clients of Azure Resource Manager where everything is: on
// the base that they asked. The version from 2022 on answers the one cloud, the
// older ones a list.
func cloudMetadata(base, version string) response {
	authentication := object{
		{"loginEndpoint", raw(base + "/")}, {"audiences", raw([]string{base, base + "/"})},
		{"tenant", raw("common")}, {"identityProvider", raw("AAD")},
	}
	cloud := object{
		{"name", raw("AzureCloud")}, {"portal", raw("https://portal.azure.com")}, {"authentication", raw(authentication)}, {"media", raw("https://rest.media.azure.net")},
		{"graphAudience", raw(base + "/")}, {"graph", raw(base + "/")}, {"resourceManager", raw(base + "/")}, {"batch", raw(base + "/")},
		{"microsoftGraphResourceId", raw(base + "/")}, {"activeDirectoryDataLake", raw(base + "/")},
		{"suffixes", raw(object{{"storage", raw("core.windows.net")}, {"keyVaultDns", raw("vault.azure.net")}, {"acrLoginServer", raw("azurecr.io")}, {"sqlServerHostname", raw("database.windows.net")}})},
	}
	switch {
	case version == "":
		return jsonResponse(http.StatusBadRequest, object{{"error", raw(object{
			{"code", raw("MissingApiVersionParameter")}, {"message", raw("The api-version query parameter (?api-version=) is required for all requests.")},
		})}})
	case version < "2022-09-01":
		return jsonResponse(http.StatusOK, []object{cloud})
	}
	return jsonResponse(http.StatusOK, cloud)
}

func hostOf(base string) string {
	return strings.TrimPrefix(strings.TrimPrefix(base, "https://"), "http://")
}

func instanceDiscovery(base string) map[string]any {
	host := hostOf(base)
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
