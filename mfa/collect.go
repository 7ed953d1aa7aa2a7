package mfa

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// Collect reads what Judge needs to know of an account, named by object id,
// user principal name or display name. All reads that don't wait for each other
// are made at once: two steps for an id or a user principal name, three for a
// display name. A text that can be a user principal name is taken for that alone.
//
// It fails when the account can't be read: an *entramfa.AccountError where the
// name fits none or several, a context's own error, or what the reader returned.
// Anything else that can't be read is a missing fact, not an error.
func Collect(ctx context.Context, reader Reader, account string) (Facts, error) {
	c := &collector{reader: reader, key: strings.TrimSpace(account)}
	if err := c.find(ctx); err != nil {
		return Facts{}, fmt.Errorf("find the account %q: %w", account, err)
	}
	if err := c.first(ctx); err != nil {
		return Facts{}, fmt.Errorf("read the account %q: %w", account, err)
	}
	c.second(ctx)
	if err := ctx.Err(); err != nil {
		return Facts{}, fmt.Errorf("read the account %q: %w", account, err)
	}
	return c.facts, nil
}

// collector gathers facts; its reads write distinct fields, and so need no lock.
type collector struct {
	reader Reader
	// key names the user to the reader: an object id or a user principal name.
	key   string
	facts Facts

	direct, transitive entramfa.Value[[]policy.Group]
	// named says that key was found by display name.
	named bool
}

// find turns a display name into an object id.
func (c *collector) find(ctx context.Context) error {
	if guid.Is(c.key) || strings.Contains(c.key, "@") {
		return nil
	}
	return c.findByDisplayName(ctx)
}

func (c *collector) findByDisplayName(ctx context.Context) error {
	users, err := c.reader.UsersByDisplayName(ctx, c.key)
	if err != nil {
		return err
	}
	exact := slices.DeleteFunc(slices.Clone(users), func(u User) bool { return !strings.EqualFold(u.DisplayName, c.key) })
	switch len(exact) {
	case 0:
		return &entramfa.AccountError{Name: c.key, Kind: entramfa.ErrNotFound, Candidates: candidates(users)}
	case 1:
		c.key, c.named = exact[0].ID, true
		return nil
	}
	return &entramfa.AccountError{Name: c.key, Kind: entramfa.ErrAmbiguous, Candidates: candidates(exact)}
}

// maxCandidates bounds a list that a person reads.
const maxCandidates = 20

func candidates(users []User) []entramfa.Candidate {
	var list []entramfa.Candidate
	for _, u := range users[:min(len(users), maxCandidates)] {
		list = append(list, entramfa.Candidate{ID: u.ID, UserPrincipalName: u.UserPrincipalName, DisplayName: u.DisplayName})
	}
	return list
}

// first reads everything that needs no more than the name of the account.
func (c *collector) first(ctx context.Context) error {
	f, r := &c.facts, c.reader
	var userErr error
	reads := []func(context.Context){
		func(ctx context.Context) { f.User, userErr = r.User(ctx, c.key) },
		func(ctx context.Context) { c.direct = entramfa.Result(r.MemberOf(ctx, c.key)) },
		func(ctx context.Context) { c.transitive = entramfa.Result(r.TransitiveMemberOf(ctx, c.key)) },
		func(ctx context.Context) { f.Organization = entramfa.Result(r.Organization(ctx)) },
		func(ctx context.Context) { f.Methods = entramfa.Result(r.Methods(ctx, c.key)) },
		func(ctx context.Context) { f.Requirements = entramfa.Result(r.Requirements(ctx, c.key)) },
		func(ctx context.Context) { f.SecurityDefaults = entramfa.Result(r.SecurityDefaults(ctx)) },
		func(ctx context.Context) { f.SubscribedSKUs = entramfa.Result(r.SubscribedSKUs(ctx)) },
		func(ctx context.Context) { f.ConditionalAccess.Policies = entramfa.Result(r.Policies(ctx)) },
		func(ctx context.Context) { f.ConditionalAccess.NamedLocations = entramfa.Result(r.NamedLocations(ctx)) },
		func(ctx context.Context) {
			f.ConditionalAccess.Strengths = entramfa.Result(r.AuthenticationStrengths(ctx))
		},
		func(ctx context.Context) {
			f.GlobalAdministrators = entramfa.Result(r.RoleHolders(ctx, policy.GlobalAdministrator))
		},
	}
	if domain := domainOf(c.key); domain != "" {
		reads = append(reads, c.readDomain(domain))
	}
	c.together(ctx, reads)
	return c.found(ctx, userErr)
}

// found looks at how the read of the account itself ended. A name with an @ in it may
// be a display name, unless it is a user principal name: whoever took that of an
// account that is gone for a display name would be exempted in its place.
func (c *collector) found(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && c.facts.User.ID == "":
		return fmt.Errorf("the answer holds no object id: %w", entramfa.ErrUnavailable)
	case err == nil || !errors.Is(err, entramfa.ErrNotFound):
		return err
	}
	if c.named || isPrincipalName(c.key) { // found a moment ago, and gone, or never there
		return &entramfa.AccountError{Name: c.key, Kind: entramfa.ErrNotFound}
	}
	if err := c.findByDisplayName(ctx); err != nil {
		return err
	}
	c.facts = Facts{}
	return c.first(ctx)
}

// isPrincipalName says whether a text can be a user principal name.
func isPrincipalName(text string) bool {
	local, domain, _ := strings.Cut(text, "@")
	return local != "" && strings.Contains(domain, ".") && !strings.ContainsAny(text, " \t") && !strings.Contains(domain, "@")
}

func (c *collector) readDomain(name string) func(context.Context) {
	return func(ctx context.Context) { c.facts.Domain = entramfa.Result(c.reader.Domain(ctx, name)) }
}

// second reads what needs the object id, the groups and the policies.
func (c *collector) second(ctx context.Context) {
	f, r := &c.facts, c.reader
	id := f.User.ID
	var own entramfa.Value[[]policy.RoleAssignment]
	reads := []func(context.Context){
		func(ctx context.Context) { f.Roles = entramfa.Result(r.RoleAssignments(ctx, id)) },
		func(ctx context.Context) { own = entramfa.Result(r.RoleEligibilities(ctx, id)) },
	}
	if list, _ := f.ConditionalAccess.Policies.Get(); list.Confirm != nil {
		reads = append(reads, func(ctx context.Context) { f.ConditionalAccess.Policies = entramfa.Result(list.Confirm(ctx)) })
	}
	if ids := c.namedInPolicies(); len(ids) > 0 {
		reads = append(reads, func(ctx context.Context) {
			f.ConditionalAccess.Objects = entramfa.Result(r.ObjectsByID(ctx, ids))
		})
	}
	if domain := domainOf(f.User.UserPrincipalName); domain != "" && domainOf(c.key) == "" {
		reads = append(reads, c.readDomain(domain))
	}
	assignable := c.roleAssignable()
	through := make([]entramfa.Value[[]policy.RoleAssignment], len(assignable))
	for i, group := range assignable {
		reads = append(reads, func(ctx context.Context) { through[i] = entramfa.Result(r.RoleEligibilities(ctx, group)) })
	}
	nested := c.nestedToResolve()
	members := make([]entramfa.Value[[]policy.Group], len(nested))
	for i, group := range nested {
		reads = append(reads, func(ctx context.Context) { members[i] = entramfa.Result(r.MemberGroups(ctx, group.ID)) })
	}
	c.together(ctx, reads)
	f.EligibleRoles = join(append(through, own))
	f.Groups = memberships(c.direct, c.transitive, nested, members)
}

func (c *collector) together(ctx context.Context, reads []func(context.Context)) {
	together(ctx, c.reader, reads)
}

// together makes reads at once, and tells a reader that can answer several in one request.
func together(ctx context.Context, reader Reader, reads []func(context.Context)) {
	if batcher, ok := reader.(Batcher); ok {
		ctx = batcher.Together(ctx, len(reads))
	}
	var group sync.WaitGroup
	for _, read := range reads {
		group.Go(func() { read(ctx) })
	}
	group.Wait()
}

func (c *collector) namedInPolicies() []string {
	list, _ := c.facts.ConditionalAccess.Policies.Get()
	return namedIn(list)
}

// namedIn lists the ids of the users and groups that policies name.
func namedIn(list policy.List) []string {
	var ids []string
	for _, p := range list.Policies {
		if p.Conditions == nil || p.Conditions.Users == nil {
			continue
		}
		u := p.Conditions.Users
		ids = append(ids, slices.Concat(u.IncludeUsers, u.ExcludeUsers, u.IncludeGroups, u.ExcludeGroups)...)
	}
	slices.Sort(ids)
	return slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return !guid.Is(id) })
}

// roleAssignable lists the groups of the account that can hold roles. A group
// that the caller may not read shows its id alone, and so may be one.
func (c *collector) roleAssignable() []string {
	groups, _ := c.transitive.Get()
	var ids []string
	for _, g := range groups {
		hidden := g.IsAssignableToRole == nil && g.DisplayName == ""
		if hidden || g.IsAssignableToRole != nil && *g.IsAssignableToRole {
			ids = append(ids, g.ID)
		}
	}
	return ids
}

// join makes one list of several; one that is missing makes the whole missing.
func join(values []entramfa.Value[[]policy.RoleAssignment]) entramfa.Value[[]policy.RoleAssignment] {
	var all []policy.RoleAssignment
	for _, v := range values {
		list, known := v.Get()
		if !known {
			return v
		}
		all = append(all, list...)
	}
	return entramfa.Known(all)
}

func domainOf(upn string) string {
	_, domain, _ := strings.Cut(upn, "@")
	return domain
}
