package mfa

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// coverer says what the policies of a tenant do to accounts. It remembers what they
// do to accounts of a kind: most accounts of a tenant differ in nothing that a policy
// looks at. Goroutines may share it.
type coverer struct {
	tenant   policy.Tenant // second factors alone
	prepared *policy.Prepared
	signIns  policy.SignIn
	named    idSet // the users and groups that policies name

	mu   sync.Mutex
	seen map[string]covered
}

// covered is what policies do to an account. Accounts share it.
type covered struct {
	verdict     entramfa.Verdict
	findings    []entramfa.Finding // those that aren't clear
	witness     *policy.SignIn
	canRegister entramfa.Value[bool]
}

// maxRemembered bounds the kinds of account that are remembered.
const maxRemembered = 4096

func newCoverer(tenant policy.Tenant, signIns policy.SignIn) *coverer {
	c := &coverer{tenant: policy.SecondFactors(tenant), signIns: signIns, named: idSet{}, seen: map[string]covered{}}
	c.prepared = policy.Prepare(c.tenant)
	list, _ := c.tenant.Policies.Get()
	for _, id := range namedIn(list) {
		c.named[strings.ToLower(id)] = true
	}
	return c
}

func (c *coverer) cover(subject policy.Subject) covered {
	key, usual := c.kindOf(subject)
	if usual {
		if known, found := c.recall(key); found {
			return known
		}
	}
	is := c.judge(subject)
	if usual {
		c.remember(key, is)
	}
	return is
}

func (c *coverer) recall(key string) (covered, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	is, found := c.seen[key]
	return is, found
}

func (c *coverer) remember(key string, is covered) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= maxRemembered {
		clear(c.seen)
	}
	c.seen[key] = is
}

// kindOf is a text that is the same for accounts that no policy tells apart; false
// for an account that policies name, or of which something isn't known.
func (c *coverer) kindOf(s policy.Subject) (string, bool) {
	kinds, known := s.Kinds.Get()
	groups, groupsKnown := s.Groups.Get()
	roles, rolesKnown := s.Roles.Get()
	eligible, eligibleKnown := s.EligibleRoles.Get()
	if !known || !groupsKnown || !rolesKnown || !eligibleKnown || c.named.has(s.ID) {
		return "", false
	}
	parts := []string{fmt.Sprint(kinds, s.HomeTenantID, s.AgentUser)}
	for _, m := range groups {
		if c.named.has(m.Group.ID) {
			parts = append(parts, fmt.Sprintf("group %q %q", m.Group.ID, m.Path))
		}
	}
	for _, role := range roles {
		parts = append(parts, roleKey("active", s.ID, role))
	}
	for _, role := range eligible {
		parts = append(parts, roleKey("eligible", s.ID, role))
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n"), true
}

// roleKey tells roles apart as policies do, and those of the account itself not by it.
func roleKey(how, account string, role policy.RoleAssignment) string {
	holder := role.PrincipalID
	if strings.EqualFold(holder, account) {
		holder = "itself"
	}
	custom := role.RoleDefinition != nil && role.RoleDefinition.IsBuiltIn != nil && !*role.RoleDefinition.IsBuiltIn
	return fmt.Sprintf("%s %q %q %q %t %t %q", how, holder, role.RoleDefinitionID, role.TemplateID(), custom, role.DirectoryScopeID == nil, text(role.DirectoryScopeID))
}

// judge asks the policies.
func (c *coverer) judge(subject policy.Subject) covered {
	account := c.prepared.Account(subject)
	is := covered{verdict: account.Decide(c.signIns), canRegister: canRegister(account)}
	for _, f := range policy.Judge(c.tenant, subject, c.signIns) {
		if f.Outcome != entramfa.Clear {
			is.findings = append(is.findings, f)
		}
	}
	if witness, found := account.Uncovered(c.signIns); found {
		is.witness = &witness
	}
	return is
}

// canRegister says whether an account without a second factor can register one.
func canRegister(account *policy.Account) entramfa.Value[bool] {
	v := account.Decide(policy.SignIn{Applications: []string{}, UserActions: []string{"urn:user:registersecurityinfo"}})
	if v.Outcome == entramfa.Unknown {
		return entramfa.Missing[bool](fmt.Errorf("whether policies let the account register a second factor"))
	}
	return entramfa.Known(v.Extent != entramfa.Always)
}
