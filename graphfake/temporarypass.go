package graphfake

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
)

// A Temporary Access Pass is a method of limited life. The tenant keeps no pass: the
// answer that makes one is the only thing that shows it.
// Source: https://learn.microsoft.com/graph/api/resources/temporaryaccesspassauthenticationmethod.

const (
	passConfiguration = "TemporaryAccessPass"
	shortestPass      = 10    // minutes
	longestPass       = 43200 // minutes: 30 days
	shortestLength    = 8
	longestLength     = 48
)

// passPolicy is what the policy of methods says of passes.
type passPolicy struct {
	Usual  int  `json:"defaultLifetimeInMinutes"`
	Least  int  `json:"minimumLifetimeInMinutes"`
	Most   int  `json:"maximumLifetimeInMinutes"`
	Length int  `json:"defaultLength"`
	Once   bool `json:"isUsableOnce"`
}

func passPolicyOf(c mfa.MethodConfiguration) passPolicy {
	var p passPolicy
	_ = json.Unmarshal(raw(configurationRow(c)), &p) // each member fitted when it was written; what was arranged may not
	p.Length = min(max(p.Length, shortestLength), longestLength)
	return p
}

// postPass makes a pass, in the place of one that is there.
// Source: https://learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods.
func postPass(d *directory, t *Tenant, c *call) (answer, error) {
	owner, err := t.methodOwner(d, c.who, c.vars[0])
	if err == nil && self(c.who, owner) {
		err = deniedMethods()
	}
	if err != nil {
		return answer{}, err
	}
	made, err := t.newPass(d, owner, c.body)
	if err != nil {
		return answer{}, err
	}
	others := slices.DeleteFunc(slices.Clone(d.methods.at(owner.ID)), func(m method) bool { return sameText(m.Type, passes.odataType()) })
	t.writeMethods(d, owner.ID, append(others, made))
	rows := t.withUsability(d, owner.ID, []object{made.row()})
	pass := rand.Text() + rand.Text()
	row := rows[0].with("temporaryAccessPass", raw(pass[:passPolicyOf(d.methodConfiguration(passConfiguration)).Length]))
	return entity(passes.context(c), "microsoft.graph."+passes.kind, passes.shape, row.without("@odata.type"), nil)
}

// newPass judges what was asked for by the policy. The words of its refusals are not published.
func (t *Tenant) newPass(d *directory, owner mfa.User, body []byte) (method, error) {
	sent, err := readMethod(passes, body, field{"startDateTime", orNull(isDateTime)}, field{"lifetimeInMinutes", orNull(isInt)}, field{"isUsableOnce", orNull(isBool)})
	if err != nil {
		return method{}, err
	}
	configuration := d.methodConfiguration(passConfiguration)
	wanted := struct {
		Start    *time.Time `json:"startDateTime"`
		Lifetime *int       `json:"lifetimeInMinutes"`
		Once     *bool      `json:"isUsableOnce"`
	}{}
	_ = json.Unmarshal(raw(sent), &wanted) // it fitted
	policy, start := passPolicyOf(configuration), t.now()
	lifetime, once := policy.Usual, policy.Once
	if wanted.Start != nil {
		start = *wanted.Start
	}
	if wanted.Lifetime != nil {
		lifetime = *wanted.Lifetime
	}
	if wanted.Once != nil {
		once = *wanted.Once
	}
	switch {
	case strings.Contains(strings.ToUpper(owner.UserPrincipalName), "#EXT#"):
		return method{}, badPhone("Temporary Access Pass cannot be added to an external guest user.")
	case !d.allowed(owner.ID, configuration):
		return method{}, badPhone("The policy doesn't allow the user a Temporary Access Pass.")
	case lifetime < max(policy.Least, shortestPass) || lifetime > min(policy.Most, longestPass):
		return method{}, badPhone("lifetimeInMinutes must be between %d and %d.", policy.Least, policy.Most)
	case policy.Once && !once:
		return method{}, badPhone("The policy allows only passes that are usable once.")
	}
	return method{
		Method:  mfa.Method{Type: passes.odataType(), ID: t.newID()},
		created: second(t.now()),
		extra:   object{{"startDateTime", raw(second(start))}, {"lifetimeInMinutes", raw(lifetime)}, {"isUsableOnce", raw(once)}},
	}, nil
}

// withUsability adds to passes whether they can be used now.
func (t *Tenant) withUsability(d *directory, user string, rows []object) []object {
	for i, row := range rows {
		start, err := row.date("startDateTime")
		if err == nil && !start.IsZero() && sameText(row.text("@odata.type"), passes.odataType()) {
			reason := t.passUsability(d, user, start, row)
			rows[i] = row.with("isUsable", raw(reason == "EnabledByPolicy")).with("methodUsabilityReason", raw(reason))
		}
	}
	return rows
}

func (t *Tenant) passUsability(d *directory, user string, start time.Time, row object) string {
	var minutes int
	_ = json.Unmarshal(row.get("lifetimeInMinutes"), &minutes) // newPass wrote it
	owner, err := d.user(user)
	switch {
	case err != nil || !d.allowed(owner.ID, d.methodConfiguration(passConfiguration)):
		return "DisabledByPolicy"
	case t.now().Before(start.Truncate(time.Second)):
		return "NotYetValid"
	case !t.now().Before(start.Add(time.Duration(minutes) * time.Minute)):
		return "Expired"
	}
	return "EnabledByPolicy"
}
