package msgraph

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMask(t *testing.T) {
	const token = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJodHRwczovL2dyYXBoIn0.c2lnbmF0dXJl-_x"
	const opaque = "0.AXsA-s3cret.c0de"
	for _, text := range []string{
		"Authorization: Bearer " + token,
		"Authorization: Bearer " + opaque,
		"Authorization: " + opaque,
		"authorization=bearer " + opaque,
		"map[Accept:[*/*] Authorization:[Bearer " + opaque + "]]",
		`{"Authorization":"Bearer ` + opaque + `"}`,
		`{\"Authorization\": \"Bearer ` + opaque + `\"}`,
		"Authorization%3A%20Bearer%20" + opaque,
		"the token Bearer " + opaque + " has expired",
		"Proxy-Authorization: Basic dXNlcjpz" + opaque,
		"the token " + token + " has expired",
		"the token " + token[:30],
		"refused: " + strings.Repeat(opaque[2:6]+"Z", 20),
		"body was grant_type=password&client_secret=" + opaque + "&scope=x",
		"client_secret%3D" + opaque,
		`{"client_secret":"` + opaque + `"}`,
		`{"clientSecret" : "` + opaque + ` and more ` + opaque + `"}`,
		`{\"password\":\"` + opaque + `\"}`,
		"password=" + opaque + "," + opaque,
		"PASSWORD: '" + opaque + " " + opaque + "'",
		"refresh_token=" + opaque, "access-token: " + opaque, "client_assertion=" + opaque,
	} {
		shown := oneLine(text)
		assert.Contains(t, shown, masked, text)
		for _, secret := range []string{token[:30], token[20:50], opaque, "s3cret", "AXsA", "dXNlcjpz"} {
			assert.NotContains(t, shown, secret, text)
		}
	}
	for _, text := range []string{
		"Insufficient privileges to complete the operation.",
		"CompactToken parsing failed with error code: 80049217",
		"Access token has expired or is not yet valid.",
		"Bearer token is missing. Bearer authentication is required, Basic authentication is not.",
		"Authorization header is missing; the client secret is wrong",
		"AADSTS7000215: Invalid client secret provided. Trace ID: 0a0a0a0a-0000-4000-8000-000000000001",
		"/identity/conditionalAccess/policies of https://graph.microsoft.com/v1.0",
	} {
		assert.Equal(t, text, oneLine(text))
	}
	long := oneLine(strings.Repeat("word ", maxText/5-2) + "Bearer " + opaque)
	assert.NotContains(t, long, "0.AX", "half a token is one")
}
