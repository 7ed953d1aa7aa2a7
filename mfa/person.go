package mfa

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// Person says whether a person uses the account: somebody who signs in where a page
// is shown is no program, and an exemption for such an account takes a person's MFA
// away. Not found is no proof where Missing isn't empty.
type Person struct {
	Found bool `json:"found"`
	// SignIns counts the interactive sign-ins that are no password grants, and of which
	// the password was accepted; Last is the newest.
	SignIns int        `json:"signIns"`
	Last    *time.Time `json:"last,omitempty"`
	// Reasons says by what a person is recognised.
	Reasons []entramfa.Reason `json:"reasons,omitempty"`
	// Missing says what could not be read, and how many sign-ins may be a person's or not.
	Missing []string `json:"missing,omitempty"`
}

// person gathers what tells of one.
type person struct {
	found Person
	marks []mark
	count map[mark]int
	// unknown counts interactive sign-ins that may be a person's, renewed the
	// non-interactive ones that carry an MFA which somebody did.
	unknown, renewed int
}

// mark is one thing in a sign-in that tells of a person.
type mark struct{ condition, text string }

// add looks at one sign-in. A refused one tells of a person only when the password
// was right: others try passwords too.
func (p *person) add(r SignInRecord, m SignInMoment) {
	code := aadstsCodes[m.Code]
	switch marks := marksOf(r, m); {
	case m.password() || code.accepted != nil && !*code.accepted:
	case !m.Interactive:
		if completedMFA(r, m) {
			p.renewed++
		}
	case !m.accepted() || len(marks) == 0:
		p.unknown++
	default:
		p.note(m, marks)
	}
}

// note counts a sign-in of a person.
func (p *person) note(m SignInMoment, marks []mark) {
	p.found.Found = true
	p.found.SignIns++
	if p.found.Last == nil || m.At.After(*p.found.Last) {
		p.found.Last = new(m.At)
	}
	if p.count == nil {
		p.count = map[mark]int{}
	}
	for _, k := range marks {
		if p.count[k] == 0 {
			p.marks = append(p.marks, k)
		}
		p.count[k]++
	}
}

// completedMFA says that a second factor was required and given: a password grant
// can't do that.
func completedMFA(r SignInRecord, m SignInMoment) bool {
	return m.Code == 0 && strings.EqualFold(r.AuthenticationRequirement, "multiFactorAuthentication")
}

// marksOf says what in an interactive sign-in tells of a person: a completed MFA, a
// registered device, a telephone, a browser, or at least that the log knows its
// protocol, which isn't that of a password grant. None of them means that it can't
// be told, for a password grant may stand among the interactive sign-ins.
func marksOf(r SignInRecord, m SignInMoment) []mark {
	var marks []mark
	if completedMFA(r, m) {
		marks = append(marks, mark{"authenticationRequirement", "with completed MFA"})
	}
	marks = append(marks, marksOfDevice(r)...)
	if len(marks) == 0 && knownProtocol(m.Protocol) {
		by := cmp.Or(r.AppDisplayName, r.ClientAppUsed, "a program without a name")
		marks = append(marks, mark{"authenticationProtocol", fmt.Sprintf("that are no password grants (%s)", by)})
	}
	return marks
}

// knownProtocol says whether the log tells the protocol; "none" is its word for
// the usual ones.
func knownProtocol(protocol string) bool {
	return len(policy.Flags(protocol).Values()) > 0 && !strings.Contains(strings.ToLower(protocol), "unknownfuturevalue")
}

// marksOfDevice says what of the device and its program tells of a person.
func marksOfDevice(r SignInRecord) []mark {
	d := r.DeviceDetail
	if d == nil {
		d = &DeviceDetail{}
	}
	var marks []mark
	add := func(is bool, format string, args ...any) {
		if is {
			marks = append(marks, mark{"deviceDetail", fmt.Sprintf(format, args...)})
		}
	}
	add(d.TrustType != "", "from a device that is %s", strings.ToLower(d.TrustType))
	add(d.IsCompliant != nil && *d.IsCompliant, "from a compliant device")
	add(d.IsManaged != nil && *d.IsManaged, "from a managed device")
	add(d.DeviceID != "" && d.TrustType == "", "from a registered device")
	add(isTelephone(d.OperatingSystem), "from a telephone or tablet (%s)", withoutVersion(d.OperatingSystem))
	inBrowser := strings.EqualFold(r.ClientAppUsed, "Browser")
	add(inBrowser && isBrowser(d.Browser), "with a browser (%s)", withoutVersion(d.Browser))
	add(inBrowser && d.Browser == "", "with a browser")
	return marks
}

// browsers are how the log begins the names of those that people use, such as
// "Chrome Mobile WebView 120"; a program stands there with a name of its own,
// such as "Python Requests 2.32".
var browsers = []string{"chrome", "edge", "firefox", "safari", "mobile safari", "opera", "ie", "samsung internet"}

func isBrowser(name string) bool {
	name = strings.ToLower(name) + " "
	return slices.ContainsFunc(browsers, func(b string) bool { return strings.HasPrefix(name, b+" ") })
}

// isTelephone looks at an operating system: no unattended program runs on these.
func isTelephone(system string) bool {
	system = strings.ToLower(system)
	return strings.HasPrefix(system, "ios") || strings.HasPrefix(system, "ipados") || strings.HasPrefix(system, "android")
}

// withoutVersion drops the version.
func withoutVersion(name string) string {
	words := slices.DeleteFunc(strings.Fields(name), func(w string) bool { return strings.Trim(w, "0123456789.") == "" })
	return strings.Join(words, " ")
}

func (p *person) finish(log SignInLog) Person {
	for _, k := range p.marks {
		p.found.Reasons = append(p.found.Reasons, entramfa.Reason{
			Condition: k.condition, Text: fmt.Sprintf("%d interactive sign-ins %s", p.count[k], k.text),
		})
	}
	missing := func(is bool, format string, args ...any) {
		if is {
			p.found.Missing = append(p.found.Missing, fmt.Sprintf(format, args...))
		}
	}
	missing(!log.Read, "the log of interactive sign-ins was not read to its end")
	missing(log.Read && log.Cut, "the log of interactive sign-ins holds more than was read")
	missing(p.unknown > 0, "%d interactive sign-ins of unknown kind, a person's or not", p.unknown)
	missing(p.renewed > 0, "%d non-interactive sign-ins with completed MFA, by a token that a person may have got", p.renewed)
	return p.found
}
