package msgraph

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/entramfa/entramfa/mfa"
)

// spellings writes a text in every way in which an answer may repeat it.
func spellings(t *testing.T, text string) map[string]string {
	t.Helper()
	quoted, err := json.Marshal(text)
	require.NoError(t, err)
	twice, err := json.Marshal(string(quoted))
	require.NoError(t, err)
	var units, escapes, octets, references, wide strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&units, `\u%04X`, unit)
		fmt.Fprintf(&escapes, `\\u%04x`, unit)
		wide.Write([]byte{byte(unit), byte(unit >> 8)})
	}
	for _, octet := range []byte(text) {
		fmt.Fprintf(&octets, "%%%02X", octet)
	}
	for _, r := range text {
		fmt.Fprintf(&references, "&#x%X;", r)
	}
	var inXML strings.Builder
	require.NoError(t, xml.EscapeText(&inXML, []byte(text)))
	body := `{"passwordProfile":{"password":` + string(quoted) + `}}`
	forms := map[string]string{
		"itself": text, "in capitals": strings.ToUpper(text), "JSON": string(quoted), "JSON in JSON": string(twice),
		"units": units.String(), "units in JSON": escapes.String(), "Go": strconv.QuoteToASCII(text),
		"form": url.QueryEscape(text), "path": url.PathEscape(text), "octets": octets.String(), "twice in a URL": url.QueryEscape(url.QueryEscape(text)),
		"HTML": html.EscapeString(text), "references": references.String(), "XML": inXML.String(),
		"hex": hex.EncodeToString([]byte(text)), "UTF-16 in base64": base64.StdEncoding.EncodeToString([]byte(wide.String())),
	}
	for name, encoding := range map[string]*base64.Encoding{
		"base64": base64.StdEncoding, "raw base64": base64.RawStdEncoding, "base64 of URLs": base64.URLEncoding,
	} {
		for i := range 3 {
			forms[fmt.Sprintf("%s, %d before", name, i)] = encoding.EncodeToString([]byte(strings.Repeat("?", i) + text + "?"))
			forms[fmt.Sprintf("%s of the body, %d before", name, i)] = encoding.EncodeToString([]byte(strings.Repeat(" ", i) + body))
		}
		forms[name+" after letters"] = "body" + encoding.EncodeToString([]byte(body))
		forms[name+" twice"] = encoding.EncodeToString([]byte(encoding.EncodeToString([]byte(body))))
		forms[name+" in a URL"] = url.QueryEscape(encoding.EncodeToString([]byte(body)))
		folded := encoding.EncodeToString([]byte(body))
		forms[name+" over two lines"] = folded[:20] + "\r\n" + folded[20:]
	}
	return forms
}

// traces are the secret and parts of it that no answer may show.
func traces(text string) []string {
	return []string{text, text[:len(text)/2], text[len(text)/2:]}
}

var passwords = []string{
	"Correct-Horse/Battery+9", `q"uo\te'<&>%=;9Z`, "Zwei Wörter & ein €uro", "𝒫assword-ü😀-1", "tab\there\nnewline9", "Request_BadRequest1", "aaaaaaaaB1",
}

func TestVeilHidesEverySpelling(t *testing.T) {
	for _, password := range passwords {
		v := veilOver(mfa.NewSecret(password))
		for name, form := range spellings(t, password) {
			for _, around := range []string{"%s", "The value '%s' is refused.", `{"password":"%s"}`, "password=%s&x=y"} {
				text := strings.Replace(around, "%s", form, 1)
				shown := v.hide(text)
				assert.Contains(t, shown, masked, "%s: %s", name, text)
				assert.NotContains(t, shown, form, name)
				for _, part := range traces(password) {
					assert.NotContains(t, strings.ToLower(shown), strings.ToLower(part), "%s: %s", name, text)
				}
			}
		}
	}
}

func TestVeilHidesAMixtureOfSpellings(t *testing.T) {
	v := veilOver(mfa.NewSecret(`Pa"ss w/or&d`))
	for _, text := range []string{
		`Pa\"ss w\/or&d`, `\u0050a%22ss+w/or&amp;d`, `Pa&quot;ss%20w%2For\u0026d`, "Pa\"ss\n  w/or&d", `Pa\\\"ss w\\/or\\u0026d`, `pa%2522SS%2520W/OR%26D`,
	} {
		assert.Equal(t, masked, v.hide(text), text)
	}
}

func TestVeilHidesEveryFormOfANumber(t *testing.T) {
	forms := []string{
		"+1 2065550100", "+12065550100", "12065550100", "2065550100", "206 555 0100", "(206) 555-0100", "+1 (206) 555-0100", "+1.206.555.0100", "206-555-0100",
		"tel:+1-206-555-0100", "%2B1%202065550100", "%2B1+2065550100", `\u002b1\u00202065550100`, "&#43;1&#32;2065550100", "+1\u00a0206\u00a05550100", "001 206 555 0100",
		base64.StdEncoding.EncodeToString([]byte(`{"phoneNumber":"+1 2065550100"}`)), hex.EncodeToString([]byte("+1 2065550100")),
	}
	for _, number := range []string{"+1 2065550100", "+1 2065550100x123", "+12065550100", "2065550100"} {
		v := veilOverPhone(mfa.NewSecret(number))
		for _, form := range forms {
			shown := v.hide("The number " + form + " is refused.")
			assert.Contains(t, shown, masked, "%s: %s", number, form)
			assert.NotRegexp(t, `206|555|0100|MjA2|NTU1`, shown, "%s: %s", number, form)
		}
	}
	extended := veilOverPhone(mfa.NewSecret("+1 2065550100x4711"))
	assert.Equal(t, "a +"+masked+" b", extended.hide("a +1 206 555 0100 x 4711 b"))
	assert.Equal(t, masked, veilOverPhone(mfa.NewSecret("none")).hide("none"), "what is no number is hidden as it is")
	assert.Equal(t, "…00 and +1 20699", veilOverPhone(mfa.NewSecret("+1 2065550100")).hide("…00 and +1 20699"))
}

func TestVeilLeavesTheRestAlone(t *testing.T) {
	for _, v := range []*veil{nil, veilOver(mfa.Secret{}), veilOver(mfa.NewSecret("Correct-Horse/Battery+9")), veilOverPhone(mfa.NewSecret("+1 2065550100"))} {
		for _, text := range []string{
			"", "Insufficient privileges to complete the operation.", "0a0a0a0a-0000-4000-8000-000000000001", "https://graph.microsoft.com/v1.0/$metadata#x",
			"The specified password does not comply with password complexity requirements.", "eyJhIjoiYiJ9 aGVsbG8=",
		} {
			assert.Equal(t, text, v.hide(text))
		}
		a, err := v.answer(answer{status: 400, header: http.Header{"Request-Id": {"id"}}, body: []byte(`{"error":{"code":"x","date":1.50}}`)})
		require.NoError(t, err)
		assert.Equal(t, answer{status: 400, header: http.Header{"Request-Id": {"id"}}, body: []byte(`{"error":{"code":"x","date":1.50}}`)}, a)
	}
}

// A secret in the name of a member, a number or an escape is one all the same; the
// members that are read keep their names.
func TestVeilOverAnAnswer(t *testing.T) {
	for _, body := range []string{
		`{"error":{"code":"Correct9!","message":"m Correct9! m"}}`, `{"error":{"code":"x","Correct9!":{"y":["Correct9!"]}}}`,
		`{"error":{"message":"\u0043orrect9!"}}`, `{"half":"Correct9!`, `Correct9!`, `"Correct9!" {}`,
	} {
		a, err := veilOver(mfa.NewSecret("Correct9!")).answer(answer{header: http.Header{"Location": {"/Correct9!"}}, body: []byte(body)})
		require.NoError(t, err)
		assert.NotContains(t, string(a.body), "orrect9", body)
		assert.Contains(t, string(a.body), masked, body)
		assert.Equal(t, "/"+masked, a.header.Get("Location"))
	}
	for _, secret := range []string{"error", "message", "code"} {
		a, err := veilOver(mfa.NewSecret(secret)).answer(answer{body: []byte(`{"error":{"code":"code","message":"the message of an error code"}}`)})
		require.NoError(t, err)
		said, ok := wordsOf(a.body)
		assert.True(t, ok)
		assert.NotContains(t, said.code+said.message, secret)
	}
	number, err := veilOverPhone(mfa.NewSecret("+1 2065550100")).answer(answer{body: []byte(`{"phoneNumber":12065550100,"n":7}`)})
	require.NoError(t, err)
	assert.JSONEq(t, `{"phoneNumber":"(hidden)","n":7}`, string(number.body))
	_, err = veilOver(mfa.NewSecret("Correct9!")).answer(answer{body: make([]byte, maxVeiled+1)})
	require.ErrorContains(t, err, "longer than 32768 bytes")
}

func TestVeiledCauseIsWhatItWas(t *testing.T) {
	held := fmt.Errorf("can't send Correct9!: %w", io.ErrUnexpectedEOF)
	err := veilOver(mfa.NewSecret("Correct9!")).cause(held)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.EqualError(t, err, "can't send (hidden): unexpected EOF")
	assert.NoError(t, errors.Unwrap(err), "who unwraps it must not find the text")
	assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "Correct9!")
	assert.Equal(t, held, (*veil)(nil).cause(held))
}

func FuzzVeil(f *testing.F) {
	f.Add("Correct-Horse/Battery+9", "x", []byte(`{"error":{"message":"Correct-Horse/Battery+9"}}`))
	f.Add(`a"\`, "+1", []byte(`\`))
	f.Fuzz(func(t *testing.T, secret, before string, body []byte) {
		if !utf8.ValidString(secret) || !utf8.ValidString(before) {
			return // such a password is refused without a request
		}
		veils := []*veil{veilOver(mfa.NewSecret(secret))}
		if strings.Trim(secret, "+0123456789 x") == "" { // only a number is hidden as one
			veils = append(veils, veilOverPhone(mfa.NewSecret(secret)))
		}
		for _, v := range veils {
			if shown := v.hide(before + secret); v != nil && !strings.Contains(shown, masked) {
				t.Errorf("%q shows %q", secret, shown)
			}
			if len(body) <= maxVeiled {
				if _, err := v.answer(answer{body: body}); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
