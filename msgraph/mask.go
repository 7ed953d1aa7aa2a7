package msgraph

import (
	"regexp"
	"strings"
)

// What looks like a secret in a text that came from outside. A proxy or a
// debugging service may echo the request's headers or body in its error.
var (
	// jwt begins as the encoding of {" does; opaque is too long for a word.
	jwt    = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)*|\b[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`)
	opaque = regexp.MustCompile(`[A-Za-z0-9_~+=-]{64,}`)
	// header is Authorization with its value; scheme is the value alone.
	header = regexp.MustCompile(`(?i)(authorization[\\"']*\s*(?:[:=]|%3[da])[\s\\"'\[]*)(?:(?:bearer|basic|negotiate|pop)(?:\s|%20|\+)+)?[^\s"',;<>\]]+`)
	scheme = regexp.MustCompile(`(?i)\b(bearer|basic|negotiate|pop)((?:\s|%20|\+)+)([^\s"',;<>\]]+)`)
	// named is a secret by its name, in a form, a URL or JSON.
	named = regexp.MustCompile(`(?i)([\w-]*(?:secret|password|passwd|pwd|assertion|(?:access|refresh|id)[_-]?token)[\\"']*\s*(?:[:=]|%3[da])\s*)` +
		`(?:\\?"[^"]*"|'[^']*'|[^\s&"']+)`)
)

const masked = "(hidden)"

// mask hides what looks like a token, a secret or a password.
func mask(s string) string {
	s = header.ReplaceAllString(s, "${1}"+masked)
	s = jwt.ReplaceAllString(s, masked)
	s = opaque.ReplaceAllString(s, masked)
	s = named.ReplaceAllString(s, "${1}"+masked)
	return scheme.ReplaceAllStringFunc(s, func(found string) string {
		parts := scheme.FindStringSubmatch(found)
		if prose[strings.ToLower(strings.TrimRight(parts[3], ".:!?)"))] {
			return found
		}
		return parts[1] + parts[2] + masked
	})
}

// prose holds words that follow a scheme's name in a sentence; any other is
// taken for a secret.
var prose = map[string]bool{
	"token": true, "tokens": true, "authentication": true, "authorization": true, "auth": true, "scheme": true,
	"challenge": true, "credentials": true, "header": true, "realm=": true, "is": true, "was": true, "or": true,
	"and": true, "not": true, "action": true, masked: true,
}
