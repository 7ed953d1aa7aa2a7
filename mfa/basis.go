package mfa

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// basisOf lists what a plan made from the facts rests on, each part with a digest,
// so that Apply can tell what changed without the plan holding the tenant.
func basisOf(f Facts) []Basis {
	var list []Basis
	policies, _ := f.ConditionalAccess.Policies.Get()
	for _, p := range policies.Policies {
		list = append(list, Basis{Kind: "policy", ID: p.ID, Name: p.DisplayName, Digests: policyParts(p)})
	}
	if policies.Hidden != "" {
		list = append(list, whole("hidden", "", "policies that v1.0 doesn't show", policies.Hidden))
	}
	locations, _ := f.ConditionalAccess.NamedLocations.Get()
	for _, l := range locations {
		l.ModifiedDateTime = nil
		list = append(list, whole("namedLocation", l.ID, l.DisplayName, l))
	}
	strengths, _ := f.ConditionalAccess.Strengths.Get()
	for _, s := range strengths {
		s.ModifiedDateTime = nil
		list = append(list, whole("authenticationStrength", s.ID, s.DisplayName, s))
	}
	return append(list, accountBasis(f)...)
}

// accountBasis lists what of the account, and of the tenant as a whole, decides.
func accountBasis(f Facts) []Basis {
	defaults, _ := f.SecurityDefaults.Get()
	requirements, _ := f.Requirements.Get()
	u := f.User
	list := []Basis{
		whole("securityDefaults", defaults.ID, "security defaults", defaults.IsEnabled),
		whole("perUserMFA", u.ID, "the per-user MFA state", requirements.PerUserMFAState),
		whole("account", u.ID, u.UserPrincipalName, []any{u.UserPrincipalName, u.AccountEnabled, u.UserType, u.OnPremisesSyncEnabled}),
	}
	if groups, known := f.Groups.Get(); known {
		held := map[string]string{}
		for _, m := range groups {
			held[strings.ToLower(m.Group.ID)] = "member"
		}
		list = append(list, Basis{Kind: "groups", ID: u.ID, Name: "the account's groups", Digests: held})
	}
	if roles, known := f.Roles.Get(); known {
		var held []string
		for _, r := range roles {
			held = append(held, fmt.Sprint(strings.ToLower(r.TemplateID()), " ", r.TenantWide()))
		}
		slices.Sort(held)
		list = append(list, whole("roles", u.ID, "the account's roles", slices.Compact(held)))
	}
	if has, known := licensed(f).Get(); known {
		list = append(list, whole("licence", "", "the licence for Conditional Access", has))
	}
	return list
}

// groupBasis is what a plan rests on that adds the account to a group: what the group
// is, and what it is in.
func groupBasis(g ExclusionGroup) Basis {
	within := []string{}
	for _, around := range g.Within {
		within = append(within, strings.ToLower(around.ID))
	}
	slices.Sort(within)
	return whole("group", g.Group.ID, "the group "+g.Group.DisplayName,
		[]any{says(g.Group.IsAssignableToRole), says(g.Group.OnPremisesSyncEnabled), says(g.Group.MailEnabled), append([]string{}, g.Group.GroupTypes...), within})
}

// says is what a member tells that Graph leaves null for no.
func says(b *bool) bool { return b != nil && *b }

// whole is the basis of a thing of which every part counts.
func whole(kind, id, name string, value any) Basis {
	return Basis{Kind: kind, ID: id, Name: name, Digests: map[string]string{"value": digest(value)}}
}

// policyParts gives each part of a policy a digest: those that a plan changes by
// themselves.
func policyParts(p policy.Policy) map[string]string {
	parts := map[string]string{
		"state":           digest(p.State),
		"excludeUsers":    digest(folded(policy.Patch{ExcludeUsers: []string{}}.Of(p).ExcludeUsers)),
		"grantControls":   digest(p.GrantControls),
		"sessionControls": digest(p.SessionControls),
	}
	rest := p.Patched(policy.Patch{ExcludeUsers: []string{}})
	parts["conditions"] = digest(rest.Conditions)
	rest.State, rest.Conditions, rest.GrantControls, rest.SessionControls, rest.ModifiedDateTime = "", nil, nil, nil, nil
	parts["other"] = digest(rest)
	return parts
}

// folded returns ids in small letters and in order: neither says anything.
func folded(ids []string) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strings.ToLower(id)
	}
	slices.Sort(list)
	return list
}

// digest names a value: two values with one digest have the same JSON, whatever the
// order of the members and the address of the service that stands in it.
func digest(value any) string {
	var plain any
	_ = json.Unmarshal(encoded(value), &plain) // JSON that was written a moment ago
	dropContext(plain)
	sum := sha256.Sum256(encoded(plain))
	return hex.EncodeToString(sum[:12])
}

// dropContext takes out the annotations that say from where an answer came.
func dropContext(value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			if strings.HasSuffix(name, "@odata.context") {
				delete(value, name)
			} else {
				dropContext(inner)
			}
		}
	case []any:
		for _, inner := range value {
			dropContext(inner)
		}
	}
}

// canonical writes JSON with the members of objects in order, and the texts of
// lists: every such list of a policy is a set.
func canonical(text json.RawMessage) json.RawMessage {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return text
	}
	sortTexts(value)
	return encoded(value)
}

func sortTexts(value any) {
	switch value := value.(type) {
	case map[string]any:
		for _, inner := range value {
			sortTexts(inner)
		}
	case []any:
		slices.SortStableFunc(value, func(a, b any) int {
			x, _ := a.(string)
			y, _ := b.(string)
			return strings.Compare(x, y) // what is no text keeps its place
		})
		for _, inner := range value {
			sortTexts(inner)
		}
	}
}

// staleness compares what a plan rests on with what there is now, and says what
// changed. What the plan itself changes is left to its changes, which know both
// values; mine says whether an object is one that the plan created.
func (p *Plan) staleness(now []Basis, mine func(kind, id string) bool) []string {
	var changed []string
	current := map[[2]string]Basis{}
	for _, b := range now {
		current[b.key()] = b
	}
	for _, b := range p.Basis {
		is, there := current[b.key()]
		delete(current, b.key())
		if !there {
			changed = append(changed, fmt.Sprintf("%s is gone, or can't be read any more", b.text()))
			continue
		}
		for _, part := range b.differs(is) {
			if !p.changes(b, part) {
				changed = append(changed, b.textOf(part, is))
			}
		}
	}
	for _, b := range now {
		if _, extra := current[b.key()]; extra && !mine(b.Kind, b.ID) {
			changed = append(changed, fmt.Sprintf("%s is new", b.text()))
		}
	}
	return changed
}

func (b Basis) key() [2]string { return [2]string{b.Kind, strings.ToLower(b.ID)} }

func (b Basis) text() string {
	switch b.Kind {
	case "policy":
		return fmt.Sprintf("the policy %q", b.Name)
	case "namedLocation":
		return fmt.Sprintf("the named location %q", b.Name)
	case "authenticationStrength":
		return fmt.Sprintf("the authentication strength %q", b.Name)
	}
	return b.Name
}

// textOf says in a few words what became of a part.
func (b Basis) textOf(part string, is Basis) string {
	_, was := b.Digests[part]
	switch {
	case b.Kind == "groups" && was:
		return fmt.Sprintf("%s changed: it is no longer in %s", b.text(), part)
	case b.Kind == "groups":
		return fmt.Sprintf("%s changed: it is in %s now", b.text(), part)
	case b.Name != is.Name && (part == "other" || part == "value"):
		return fmt.Sprintf("%s is called %q now", b.text(), is.Name)
	case part == "other" || part == "value":
		return b.text() + " changed"
	}
	return fmt.Sprintf("%s changed in %s", b.text(), part)
}

func (b Basis) differs(is Basis) []string {
	var parts []string
	for part, value := range b.Digests {
		if is.Digests[part] != value {
			parts = append(parts, part)
		}
	}
	for part := range is.Digests {
		if _, was := b.Digests[part]; !was {
			parts = append(parts, part)
		}
	}
	slices.Sort(parts)
	return parts
}

// changes says whether one of the plan's changes is of this part.
func (p *Plan) changes(b Basis, part string) bool {
	return slices.ContainsFunc(p.Changes, func(c entramfa.Change) bool {
		switch c.Kind {
		case entramfa.ChangePolicy:
			patch, _ := patchOf(c.After)
			of := b.Kind == "policy" && strings.EqualFold(c.TargetID, b.ID)
			return of && (part == "state" && patch.State != nil || part == "excludeUsers" && patch.ExcludeUsers != nil)
		case entramfa.ChangeSecurityDefaults:
			return b.Kind == "securityDefaults"
		case entramfa.ChangePerUserMFA:
			return b.Kind == "perUserMFA"
		case entramfa.AddGroupMember:
			return b.Kind == "groups" && containsFold(p.Joins, part)
		}
		return false
	})
}

func patchOf(text json.RawMessage) (patch policy.Patch, err error) {
	err = json.Unmarshal(text, &patch)
	return patch, err
}
