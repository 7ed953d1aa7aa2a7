package graphfake

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Capture reads a tenant into a fake: its policies, named locations, strengths,
// security defaults and licences, and of each account, named by object id or user
// principal name, what Check reads of it. A customer's case becomes a fixture so.
//
// Whose tenant it is can't be told from the fake: names, ids, domains, addresses,
// numbers, and the texts in device filters are replaced, and members that no check
// looks at are left out. Under one key, of 16 bytes or more, the same text is always
// replaced by the same other; nobody gets back without the key. Kept are ids that
// every tenant has, words of Graph, countries, dates, the first bits of addresses and
// what holds what: an address is in a range exactly where it was. A device filter
// compares other texts than before, so that startsWith and contains may fit what they
// didn't, or no longer.
//
// What could not be read is not known in the fake either, as in one that Load made. The
// accounts are found by Pseudonym. It needs the permissions of a check, that to read
// all roles where the guards of a plan are wanted, and changes nothing. A list of
// policies that v1.0 may have cut is an error that is entramfa.ErrNotRead.
func Capture(ctx context.Context, reader mfa.Reader, key []byte, accounts ...string) (*Tenant, error) {
	switch {
	case len(key) < shortestKey:
		return nil, fmt.Errorf("graphfake: capture: the key has %d bytes, and at least %d are wanted: who guesses it gets the names back", len(key), shortestKey)
	case len(accounts) == 0:
		return nil, errors.New("graphfake: capture: name the accounts to read")
	}
	var gathered export
	for _, account := range accounts {
		facts, err := mfa.Collect(ctx, reader, account)
		if err == nil {
			err = gathered.account(facts)
		}
		if err != nil {
			return nil, fmt.Errorf("graphfake: capture %s: %w", account, err)
		}
	}
	if all, ok := reader.(policy.DirectoryReader); ok {
		gathered.roles(all.AllRoleAssignments(ctx))
	}
	tenant, err := gathered.load(pseudonyms{key})
	if err != nil {
		return nil, fmt.Errorf("graphfake: capture: %w", err)
	}
	return tenant, nil
}

const shortestKey = 16

// export is what Load reads, gathered in memory: objects by the folder they belong to.
// A folder without any is a list that is empty.
type export map[string]map[string]object

// account takes what was read of an account and its tenant.
func (e *export) account(facts mfa.Facts) error {
	list, known := facts.ConditionalAccess.Policies.Get()
	if known && list.Hidden != "" {
		return fmt.Errorf("%w: there may be policies that were not shown: %s", entramfa.ErrNotRead, list.Hidden)
	}
	if known {
		put(e, "ConditionalAccess", list.Policies, func(p policy.Policy) string { return p.ID })
	}
	putKnown(e, "NamedLocations", facts.ConditionalAccess.NamedLocations, func(l policy.NamedLocation) string { return l.ID })
	putKnown(e, "AuthenticationStrengths", facts.ConditionalAccess.Strengths, func(s policy.AuthenticationStrength) string { return s.ID })
	putKnown(e, "SubscribedSkus", facts.SubscribedSKUs, func(s securitydefaults.SubscribedSKU) string { return s.ID + s.SKUPartNumber })
	if defaults, known := facts.SecurityDefaults.Get(); known {
		put(e, "SecurityDefaults", []securitydefaults.Policy{defaults}, func(securitydefaults.Policy) string { return "" })
	}
	if organization, known := facts.Organization.Get(); known {
		put(e, "Organization", []mfa.Organization{{ID: organization.ID, DisplayName: organization.DisplayName}}, func(o mfa.Organization) string { return o.ID })
	}
	if domain, known := facts.Domain.Get(); known {
		put(e, "Domains", []mfa.Domain{domain}, func(d mfa.Domain) string { return d.ID })
	}
	e.groups(facts)
	e.user(facts)
	return nil
}

// groups takes the groups of an account, and those that policies name.
func (e *export) groups(facts mfa.Facts) {
	groups := []policy.Group{}
	memberships, _ := facts.Groups.Get()
	for _, m := range memberships {
		groups = append(groups, m.Group)
	}
	objects, _ := facts.ConditionalAccess.Objects.Get()
	for _, o := range objects {
		if o.Type == groupType {
			groups = append(groups, policy.Group{ID: o.ID, DisplayName: o.DisplayName})
		}
	}
	for _, group := range groups {
		if _, known := (*e)["Groups"][group.ID]; !known {
			put(e, "Groups", []policy.Group{group}, func(g policy.Group) string { return g.ID })
		}
	}
}

// userMembers are what a check looks at.
var userMembers = []string{"@odata.type", "id", "userPrincipalName", "displayName", "accountEnabled", "userType", "creationType", "externalUserState",
	"onPremisesSyncEnabled", "passwordPolicies", "lastPasswordChangeDateTime", "createdDateTime"}

// user takes the account, with what hangs on it as Load reads it.
func (e *export) user(facts mfa.Facts) {
	user := object{}
	for _, m := range objectOf(facts.User) {
		if containsFold(userMembers, m.name) {
			user = append(user, m)
		}
	}
	if groups, known := facts.Groups.Get(); known {
		ids := []object{}
		for _, m := range groups {
			ids = append(ids, object{{"id", raw(m.Group.ID)}})
		}
		user = append(user, member{"transitiveMemberOf@odata.count", raw(len(ids))}, member{"transitiveMemberOf", raw(ids)})
	}
	user = withRoles(user, "transitiveRoleAssignments", facts.Roles)
	user = withRoles(user, "roleEligibilityScheduleInstances", facts.EligibleRoles)
	authentication := object{}
	if requirements, known := facts.Requirements.Get(); known {
		authentication = append(authentication, member{"requirements", raw(requirements)})
	}
	if methods, known := facts.Methods.Get(); known {
		authentication = append(authentication, member{"methods", raw(methods)})
	}
	put(e, "Users", []object{append(user, member{"authentication", raw(authentication)})}, func(o object) string { return o.text("id") })
}

// withRoles adds the roles of an account, where they are known.
func withRoles(user object, name string, roles entramfa.Value[[]policy.RoleAssignment]) object {
	list, known := roles.Get()
	if !known {
		return user
	}
	rows := []object{}
	for _, role := range list {
		rows = append(rows, roleRow(role))
	}
	return append(user, member{name + "@odata.count", raw(len(rows))}, member{name, raw(rows)})
}

// roleRow is a role without what is told elsewhere.
func roleRow(role policy.RoleAssignment) object {
	return objectOf(role).without("principal", "roleDefinition")
}

// roles takes the roles of the whole tenant, or none of them where they can't be read.
func (e *export) roles(all iter.Seq2[policy.RoleAssignment, error]) {
	rows := []object{}
	for role, err := range all {
		if err != nil {
			return
		}
		rows = append(rows, roleRow(role))
	}
	put(e, "RoleAssignments", rows, func(o object) string { return o.text("id") })
}

func putKnown[T any](e *export, folder string, list entramfa.Value[[]T], id func(T) string) {
	if resources, known := list.Get(); known {
		put(e, folder, resources, id)
	}
}

// put adds resources to a folder, which is there afterwards even where there are none.
func put[T any](e *export, folder string, resources []T, id func(T) string) {
	if *e == nil {
		*e = export{}
	}
	if (*e)[folder] == nil {
		(*e)[folder] = map[string]object{}
	}
	for _, resource := range resources {
		(*e)[folder][id(resource)] = objectOf(resource)
	}
}

// load makes a tenant of the export, under other names.
func (e export) load(names pseudonyms) (*Tenant, error) {
	var archive bytes.Buffer
	files := zip.NewWriter(&archive)
	for _, folder := range slices.Sorted(maps.Keys(e)) {
		rows := []object{}
		for _, id := range slices.Sorted(maps.Keys(e[folder])) {
			rows = append(rows, names.object(e[folder][id]))
		}
		file, err := files.Create(folder + ".json")
		if err == nil {
			_, err = file.Write(raw(map[string]any{"value": rows}))
		}
		if err != nil {
			return nil, err
		}
	}
	if err := files.Close(); err != nil {
		return nil, err
	}
	system, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	if err != nil {
		return nil, err
	}
	return Load(system)
}

// Pseudonym returns what Capture puts in the place of an object id, a user principal
// name or another text under a key.
func Pseudonym(key []byte, text string) string { return pseudonyms{key}.text("", text) }
