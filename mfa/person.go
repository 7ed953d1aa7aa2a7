package mfa

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa"
)

// Person says whether a person uses the account: somebody who signs in with a
// browser or a device of their own is no program, and an exemption for such an
// account takes a person's MFA away. Not found is no proof where Missing isn't empty.
type Person struct {
	Found bool `json:"found"`
	// SignIns counts the sign-ins that only a person makes; Last is the newest.
	SignIns int        `json:"signIns"`
	Last    *time.Time `json:"last,omitempty"`
	// Reasons says by what a person is recognised.
	Reasons []entramfa.Reason `json:"reasons,omitempty"`
	Missing []string          `json:"missing,omitempty"`
}

// person gathers what tells of one.
type person struct {
	found   Person
	reasons map[string]int
	order   []string
}

// add looks at one sign-in. A refused one tells of a person only when the
// password was right: others try passwords too.
func (p *person) add(r SignInRecord, m SignInMoment) {
	if !m.Interactive || !m.accepted() || m.password() {
		return
	}
	marks := marksOf(r)
	if len(marks) == 0 {
		return
	}
	p.found.Found = true
	p.found.SignIns++
	if p.found.Last == nil || m.At.After(*p.found.Last) {
		p.found.Last = new(m.At)
	}
	if p.reasons == nil {
		p.reasons = map[string]int{}
	}
	for _, mark := range marks {
		if p.reasons[mark] == 0 {
			p.order = append(p.order, mark)
		}
		p.reasons[mark]++
	}
}

// marksOf says what in a sign-in tells of a person: a registered device, or a browser.
func marksOf(r SignInRecord) []string {
	d := r.DeviceDetail
	if d == nil {
		return nil
	}
	var marks []string
	add := func(is bool, format string, args ...any) {
		if is {
			marks = append(marks, fmt.Sprintf(format, args...))
		}
	}
	add(d.TrustType != "", "from a device that is %s", strings.ToLower(d.TrustType))
	add(d.IsCompliant != nil && *d.IsCompliant, "from a compliant device")
	add(d.IsManaged != nil && *d.IsManaged, "from a managed device")
	add(d.DeviceID != "" && d.TrustType == "", "from a registered device")
	add(isBrowser(d.Browser) && strings.EqualFold(r.ClientAppUsed, "Browser"), "with a browser (%s)", browserName(d.Browser))
	return marks
}

// browsers are how the log names those that people use; a program stands there
// with a name of its own, such as "Python Requests 2.32".
var browsers = []string{"chrome", "edge", "firefox", "safari", "mobile safari", "opera", "ie", "samsung internet", "chrome mobile"}

func isBrowser(name string) bool { return containsFold(browsers, browserName(name)) }

// browserName drops the version.
func browserName(name string) string {
	words := strings.Fields(name)
	words = slices.DeleteFunc(words, func(w string) bool { return strings.Trim(w, "0123456789.") == "" })
	return strings.Join(words, " ")
}

func (p *person) finish(log SignInLog) Person {
	for _, mark := range p.order {
		p.found.Reasons = append(p.found.Reasons, entramfa.Reason{
			Condition: "deviceDetail", Text: fmt.Sprintf("%d interactive sign-ins %s", p.reasons[mark], mark),
		})
	}
	switch {
	case !log.Read:
		p.found.Missing = []string{"the log of interactive sign-ins was not read to its end"}
	case log.Cut:
		p.found.Missing = []string{"the log of interactive sign-ins holds more than was read"}
	}
	return p.found
}
