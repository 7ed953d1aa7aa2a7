package msgraph

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// decodeNumbers reads an answer and leaves its numbers as they are.
func decodeNumbers(a answer, target any) error {
	body, err := objectIn(a)
	if err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(target); err != nil {
		return fmt.Errorf("it can't be read: %w", err)
	}
	return nil
}

// withoutSecrets returns a value of JSON without tokens and without the
// password, should an answer repeat it.
func withoutSecrets(value any, password string) any {
	switch v := value.(type) {
	case string:
		return jwt.ReplaceAllString(hide(v, password), masked)
	case []any:
		for i := range v {
			v[i] = withoutSecrets(v[i], password)
		}
	case map[string]any:
		kept := make(map[string]any, len(v))
		for name, inner := range v {
			if _, text := inner.(string); !text || !holdsToken(name) {
				kept[nameWithout(name, password)] = withoutSecrets(inner, password)
			}
		}
		return kept
	}
	return value
}

// holdsToken says whether a member of this name is a token, or tells what is in
// one. In claims, a member named access_token is an object that names policies.
func holdsToken(name string) bool {
	name = strings.ToLower(name)
	return name == "client_info" || strings.HasSuffix(name, "_token")
}

// nameWithout hides the password in the name of a member that OAuth doesn't have.
func nameWithout(name, password string) string {
	if oauthNames[name] {
		return name
	}
	return hide(name, password)
}

// oauthNames are the members of an answer that say how the sign-in ended.
var oauthNames = map[string]bool{
	"token_type": true, "expires_in": true, "ext_expires_in": true, "scope": true, "error": true, "suberror": true,
	"error_description": true, "error_codes": true, "timestamp": true, "trace_id": true, "correlation_id": true,
	"error_uri": true, "claims": true,
}

// hide replaces a password, as it is and as forms and JSON write it.
func hide(text, password string) string {
	quoted, _ := json.Marshal(password) // a string always marshals
	for _, form := range []string{password, url.QueryEscape(password), url.PathEscape(password), string(quoted[1 : len(quoted)-1])} {
		text = strings.ReplaceAll(text, form, masked)
	}
	return text
}
