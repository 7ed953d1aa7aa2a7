package msgraph

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
)

var (
	aadsts      = regexp.MustCompile(`AADSTS(\d+)`)
	loginStatus = regexp.MustCompile(`RESPONSE (\d{3})`)
)

// tokenRefused explains why the credential gave no token. The credential's own
// error is left out of the chain and of the text where it quotes an answer: it
// holds the request, and the request holds the secret.
func tokenRefused(r request, err error) *failure {
	message := err.Error()
	e := graphError(r, entramfa.ErrUnauthenticated)
	if number := aadsts.FindStringSubmatch(message); number != nil {
		e.Code = "AADSTS" + number[1]
		meaning, known := signIns[number[1]]
		if !known {
			meaning.advice = "see https://login.microsoftonline.com/error?code=" + number[1]
		}
		if meaning.kind != nil {
			e.Kind = meaning.kind
		}
		e.Message = meaning.advice
		return &failure{graph: e, reason: "no token: " + e.Code + ": " + e.Message}
	}
	own, quotes, _ := strings.Cut(message, "\n-----")
	e.Message = r.show(own)
	status := 0
	if found := loginStatus.FindStringSubmatch(quotes); found != nil {
		status, _ = strconv.Atoi(found[1]) // three digits
		e.Message += " The sign-in service answered " + found[1]
	}
	switch {
	case status == 429:
		e.Kind = entramfa.ErrThrottled
	case status >= 500, status == 0 && soundsLikeNetwork(message):
		e.Kind = entramfa.ErrUnavailable
	}
	return &failure{graph: e, reason: "no token: " + e.Message}
}

// soundsLikeNetwork says whether a credential failed to reach its service.
// azidentity turns such an error into text, so that only the words are left.
func soundsLikeNetwork(message string) bool {
	for _, words := range []string{
		"dial tcp", "no such host", "connection refused", "connection reset", "i/o timeout",
		"TLS handshake", "tls: ", "x509: ", "EOF", "deadline exceeded", "Client.Timeout", "server misbehaving", "no route to host",
	} {
		if strings.Contains(message, words) {
			return true
		}
	}
	return false
}

// signIn is what a number of the sign-in service means for the program that
// runs the check; a nil kind is ErrUnauthenticated.
type signIn struct {
	advice string
	kind   error
}

// signIns holds the numbers that a checking program meets.
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
var signIns = map[string]signIn{
	"7000222": {advice: "the client secret has expired; make a new one in the app registration and use it"},
	"7000215": {advice: "the client secret is wrong; use the secret's value, not its id, or make a new one"},
	"700016":  {advice: "no such application in this tenant; check the client id and the tenant id"},
	"7000112": {advice: "the application is disabled; enable it in the tenant's enterprise applications"},
	"70001":   {advice: "the application is disabled or not in this tenant; check the client id and the tenant id"},
	"700027":  {advice: "the certificate is not the one of the app registration; upload its public part or use the right one"},
	"7000218": {advice: "the application wants a secret or a certificate; give one, or allow public client flows"},
	"500011":  {advice: "the tenant doesn't know this Microsoft Graph address; check the cloud"},
	"50059":   {advice: "no tenant can be told from the request; give the tenant id"},
	"50128":   {advice: "the tenant's domain name is not valid; check the tenant id"},
	"90002":   {advice: "no such tenant in this cloud; check the tenant id and the cloud"},
	"90038":   {advice: "the tenant lives in another cloud; choose that cloud for the credential and for Graph"},
	"65001":   {advice: "an administrator has not consented to the permissions of the application"},
	"90094":   {advice: "an administrator has to consent to the permissions of the application"},
	"50034":   {advice: "the account that runs the check does not exist in the tenant"},
	"50126":   {advice: "the account that runs the check was given a wrong name or password"},
	"50055":   {advice: "the password of the account that runs the check has expired"},
	"50057":   {advice: "the account that runs the check is disabled"},
	"50053":   {advice: "the account that runs the check is locked, or its address is known as malicious"},
	"50072":   {advice: mfaAsked}, "50074": {advice: mfaAsked}, "50076": {advice: mfaAsked},
	"50079": {advice: mfaAsked}, "50158": {advice: mfaAsked}, "500121": {advice: mfaAsked},
	"53000": {advice: caRefused}, "53001": {advice: caRefused}, "53003": {advice: caRefused}, "530032": {advice: caRefused},
	"50196": {advice: slowDown, kind: entramfa.ErrThrottled}, "90055": {advice: slowDown, kind: entramfa.ErrThrottled},
	"50033": {advice: passing, kind: entramfa.ErrUnavailable}, "90006": {advice: passing, kind: entramfa.ErrUnavailable},
	"90012": {advice: passing, kind: entramfa.ErrUnavailable}, "90024": {advice: passing, kind: entramfa.ErrUnavailable},
	"90033": {advice: passing, kind: entramfa.ErrUnavailable},
}

const (
	mfaAsked  = "the account that runs the check is itself asked for MFA; run it with an app registration"
	caRefused = "a Conditional Access policy refuses the account that runs the check; run it with an app registration"
	slowDown  = "the sign-in service got too many requests; try again later"
	passing   = "the sign-in service is unavailable for the moment; try again later"
)
