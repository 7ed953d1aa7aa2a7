package graphfake

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
	"github.com/entramfa/entramfa/securitydefaults"
)

// Load reads exported JSON as it is found in the field, and returns a tenant
// that holds it. Several file systems are read as one export: a folder of
// exported policies and one with what a person wrote beside it.
//
// # Files
//
// All folders are searched for files named *.json, those behind symbolic links
// too; one that is no regular file is an error. They may be UTF-8 with or
// without a byte-order mark or UTF-16, with any line ends, and hold @odata
// annotations. A file holds one object, a list of them, or a page {"value":[...]}
// as Graph answers it; a page with a link to a next one, or a count larger than
// its list, is half a list and an error. What an object is, is told by
// @odata.type or @odata.context, else by the name of its folder or file, else by
// its members:
//
//	ConditionalAccess                 Conditional Access policies
//	NamedLocations                    named locations
//	AuthenticationStrengths           authentication strengths; the built-in ones need not be there
//	SecurityDefaults                  {"isEnabled": false}
//	Groups                            groups, with "members" as $expand=members gives them
//	Users                             users
//	SubscribedSkus, Domains, Organization
//	RoleAssignments                   all active role assignments of the tenant
//	RoleEligibilityScheduleInstances  all eligible ones
//
// The MigrationTable.json of IntuneManagement gives the tenant's id and name, and the names
// of groups that have no file. Objects with a date in deletedDateTime are left out.
//
// # Users, memberships, roles and states beside an export
//
// Exports of policies seldom hold users. A user is an object as GET users/{id}
// gives it, in Users/*.json; only userPrincipalName is needed. It may have these
// members beside Graph's own:
//
//	{
//	  "userPrincipalName": "svc@contoso.com",
//	  "accountEnabled": true,
//	  "transitiveMemberOf": [{"displayName": "CA-ServiceAccounts"}],
//	  "transitiveRoleAssignments": [],
//	  "roleEligibilityScheduleInstances": [],
//	  "authentication": {
//	    "requirements": {"perUserMfaState": "disabled"},
//	    "methods": [{"@odata.type": "#microsoft.graph.passwordAuthenticationMethod"}]
//	  }
//	}
//
// transitiveMemberOf names all groups of the user, those too in which it is by
// way of another group, by id or by a displayName that only one group has.
// memberOf, as $expand=memberOf gives it, names the direct ones alone. They are
// all there is to know only where the export says the rest: "members" of every
// group, and a file for every group that a policy names; or a "memberOf" of each
// group that the user is in. Else the user's groups are not known. Any of these
// lists, when it has exactly 20 entries, tells nothing of what it doesn't name, for
// $expand cuts there without a sign: https://learn.microsoft.com/graph/query-parameters#expand.
// A count beside it, "transitiveMemberOf@odata.count": 20, says that it is whole.
// Entries whose @odata.type is known to be no group are passed over; one of
// another unknown type is an error.
//
// transitiveRoleAssignments holds all active roles of the user, those too that a
// group brings. roleAssignments holds the direct ones alone, as Graph lists them
// for a principalId; they are all there is to know only where the user's groups
// are known and each says in isAssignableToRole that it can't bring any: false,
// or the null that Graph gives in a whole group. Else, without the tenant's
// RoleAssignments, the user's roles are not known. An entry needs a
// roleDefinitionId; without directoryScopeId it counts for the whole tenant,
// unless it has an appScopeId. One that is eligible, or out of its time, is an error.
//
// Roles and groups are named by object id. An id of another form is taken only
// where an object of the export has it: a name is no id.
//
// The answers of users/{id}/authentication/requirements and .../methods are also
// read from files of their own, by their @odata.context.
//
// Credentials that an export holds, such as passwordProfile, are dropped; of a
// phone method the last digits are kept. The mobilePhone of a profile stays in the
// tenant, and only Graph tells it.
//
// # What the export does not hold
//
// What no file gives is not known, and never off or empty: reading it is an
// error that is entramfa.ErrNotRead and says how to give it. An empty list is
// knowledge: "memberOf": [] is a user without groups, {"value":[]} in
// NamedLocations.json a tenant without named locations. But it must say of what:
// by @odata.context, or without one by the name of its file as in the table
// above, or of the folder when the file is called none, empty, list, all or index.
// An empty list that may be of something else is skipped.
//
// # Errors
//
// A whole export holds much that no check asks for: files of other kinds are
// left out, and Tenant.Skipped names them. A file that can't be read, that is no
// JSON, or that holds something like a policy without saying so, is an error
// with its name and the offset in its own bytes. So are two objects with one id,
// two per-user states of one user, and a member that stands twice in an object,
// unless they say the same. For a group that was renamed between two exports the
// name in MigrationTable.json counts, else the later file's; of a user several
// files may tell, each something else. All errors are reported together.
func Load(fsys ...fs.FS) (*Tenant, error) {
	l := newLoader()
	for _, files := range fsys {
		w := walker{files: files, report: l.report, read: func(name string) error {
			l.files++
			return l.file(files, name)
		}}
		w.walk()
	}
	switch {
	case l.files == 0 && len(l.failures) == 0:
		l.report("the export", errors.New("there is no *.json file in it"))
	case len(l.failures) == 0 && !l.taken:
		l.report("the export", errors.New("no file in it holds what a check asks for"))
	}
	l.connect()
	if len(l.failures) > 0 {
		return nil, errors.Join(l.failures...)
	}
	return l.tenant, nil
}

// loader gathers an export.
type loader struct {
	tenant *Tenant
	files  int
	taken  bool              // something was read from one of them
	seen   map[string]loaded // by kind and id
	// named waits for users that are named by userPrincipalName alone: one with
	// the same name and an id may follow. later waits for all users and groups.
	named, later []later
	failures     []error
	// names are the groups of a migration table; renamed those that two files name differently.
	names   table[policy.Group]
	renamed map[string]bool
	// named groups by their folded name, to their folded ids; joined are the pairs of group and member.
	groupsNamed map[string][]string
	joined      map[[2]string]bool
	// holdsRoles says of groups, by folded id, whether roles can be given to them.
	holdsRoles map[string]bool
	now        time.Time
}

func newLoader() *loader {
	l := &loader{
		tenant: &Tenant{}, seen: map[string]loaded{}, renamed: map[string]bool{}, groupsNamed: map[string][]string{},
		joined: map[[2]string]bool{}, holdsRoles: map[string]bool{}, now: time.Now(),
	}
	l.tenant.directory.held = &holdings{
		lists: map[fact]bool{}, of: map[fact]table[bool]{},
	}
	return l
}

// loaded is an object that was read, for comparison with another of the same id.
type loaded struct {
	file    string
	object  object
	content map[string]any
}

// later is what can be resolved only when all files are read.
type later struct {
	file string
	at   int
	do   func() error
}

func (l *loader) report(file string, err error) {
	if err != nil {
		l.failures = append(l.failures, fmt.Errorf("graphfake: %s: %w", file, err))
	}
}

// file reads one file.
func (l *loader) file(files fs.FS, name string) error {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	text, err := decodeText(data)
	if err != nil {
		return err
	}
	whole, err := text.parse()
	if err != nil {
		return err
	}
	from, pieces, err := split(name, whole)
	if err != nil {
		return &offsetError{text.offset(whole.at), err}
	}
	if len(pieces) == 0 {
		if err := l.emptyList(from); err != nil {
			return &offsetError{text.offset(whole.at), err}
		}
	}
	for _, p := range pieces {
		if err := l.piece(from, text, p); err != nil {
			return &offsetError{text.offset(p.at), err}
		}
	}
	return nil
}

// split returns the objects of a file: one, those of a list, those of a page.
func split(name string, whole piece) (origin, []piece, error) {
	if whole.isList() {
		pieces, err := whole.elements()
		return newOrigin(name, ""), pieces, err
	}
	page, err := parseObject(whole.text)
	if err != nil {
		return origin{}, nil, errors.New("neither an object nor a list")
	}
	from := newOrigin(name, page.context())
	value, ok := whole.member("value")
	if !ok || !value.isList() {
		return from, []piece{whole}, nil
	}
	if _, err := page.unique(); err != nil {
		return from, nil, err
	}
	pieces, err := value.elements()
	if err != nil {
		return from, nil, err
	}
	return from, pieces, halfList(page, "", len(pieces))
}

// emptyList notes that there is none of a kind.
func (l *loader) emptyList(from origin) error {
	k := from.emptyKind()
	switch {
	case k == "":
		l.skip(from)
		return nil
	case k == kindMethod:
		l.later = append(l.later, later{from.file, 0, func() error {
			return l.ownedBy(from, func(id string) error { l.tenant.directory.held.note(factMethods, id); return nil })
		}})
	}
	l.has(k)
	l.taken = true
	return nil
}

// has notes that the export holds the list of a kind.
func (l *loader) has(k kind) {
	if list, ok := map[kind]fact{
		kindPolicy: factPolicies, kindLocation: factLocations, kindStrength: factStrengths, kindSKU: factSKUs,
		kindDomain: factDomains, kindAssignment: factRoles, kindEligibility: factEligibilities,
	}[k]; ok {
		l.tenant.directory.held.lists[list] = true
	}
}

// piece takes one object into the tenant.
func (l *loader) piece(from origin, text document, p piece) error {
	o, err := parseObject(p.text)
	if err != nil {
		return err
	}
	k := from.kindOf(o)
	switch {
	case k == "" && mayBePolicy(o):
		return errors.New("not recognized, and it may be a Conditional Access policy: put it into a folder ConditionalAccess, or give it its @odata.type")
	case k == "":
		l.skip(from)
		return nil
	}
	if o, err = o.unique(); err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	deleted, err := o.deleted()
	if err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	l.taken = true
	if deleted {
		return nil
	}
	l.has(k)
	return l.take(k, from, text, p, o)
}

// mayBePolicy says whether an object has a member that policies have: one that is
// overlooked could make an account look clear. Whatever else is overlooked is
// not known, and said to be.
func mayBePolicy(o object) bool {
	for _, name := range []string{"conditions", "grantControls", "sessionControls"} {
		if o.get(name) != nil {
			return true
		}
	}
	return false
}

// skip notes a file once: its pieces come one after the other.
func (l *loader) skip(from origin) {
	if n := len(l.tenant.skipped); n == 0 || l.tenant.skipped[n-1] != from.file {
		l.tenant.skipped = append(l.tenant.skipped, from.file)
	}
}

func (l *loader) take(k kind, from origin, text document, p piece, o object) error {
	d := &l.tenant.directory
	switch k {
	case kindPolicy:
		return takeInto(l, k, from, o, &d.policies, func(p *policy.Policy) *string { return &p.ID })
	case kindLocation:
		return takeInto(l, k, from, o, &d.locations, func(p *policy.NamedLocation) *string { return &p.ID })
	case kindStrength:
		return takeInto(l, k, from, o, &d.strengths, func(p *policy.AuthenticationStrength) *string { return &p.ID })
	case kindSKU:
		return takeInto(l, k, from, o, &d.skus, func(p *securitydefaults.SubscribedSKU) *string { return &p.ID })
	case kindDomain:
		return takeInto(l, k, from, o, &d.domains, func(p *mfa.Domain) *string { return &p.ID })
	case kindAssignment:
		return l.role(from, text, p, k, o)
	case kindEligibility:
		return l.role(from, text, p, k, o)
	case kindUser:
		if o.text("id") == "" {
			l.named = append(l.named, later{from.file, text.offset(p.at), func() error { return l.user(from, text, p, o) }})
			return nil
		}
		return l.user(from, text, p, o)
	case kindGroup:
		return l.group(from, text, p, o)
	case kindDefaults:
		return l.defaults(from, o)
	case kindRequirements:
		return l.ownRequirements(from, text, p, o)
	case kindMethod:
		return l.ownMethod(from, text, p, o)
	case kindOrganization:
		return l.organization(from, o)
	}
	return l.migration(o)
}

// takeInto decodes an object and puts it into its table.
func takeInto[T any](l *loader, k kind, from origin, o object, into *table[T], id func(*T) *string) error {
	var resource T
	if err := json.Unmarshal(raw(o), &resource); err != nil {
		return fmt.Errorf("%s: %w", k, err)
	}
	*id(&resource) = l.tenant.idOr(*id(&resource))
	if again, err := l.again(k, *id(&resource), from, o); again || err != nil {
		return err
	}
	into.put(*id(&resource), resource)
	return nil
}

// again says whether the object was read before; one that says something else is an error.
func (l *loader) again(k kind, id string, from origin, o object) (bool, error) {
	key := string(k) + " " + fold(id)
	before, known := l.seen[key]
	if !known {
		l.seen[key] = loaded{file: from.file, content: content(o)}
		return false, nil
	}
	now := content(o)
	if k == kindGroup {
		now["displayname"], before.content["displayname"] = nil, nil
	}
	if !reflect.DeepEqual(before.content, now) {
		return true, fmt.Errorf("the %s stands in %s too, with another content", strings.TrimSpace(string(k)+" "+id), before.file)
	}
	return true, nil
}

// content is an object without annotations, for comparison.
func content(o object) map[string]any {
	found := map[string]any{}
	for _, m := range o {
		var value any
		if !isAnnotation(m.name) && json.Unmarshal(m.value, &value) == nil {
			found[fold(m.name)] = value
		}
	}
	return found
}

// afterwards does something when all users and groups are read.
func (l *loader) afterwards(from origin, text document, p piece, do func() error) {
	l.later = append(l.later, later{from.file, text.offset(p.at), do})
}

// connect resolves what names another object.
func (l *loader) connect() {
	groups := &l.tenant.directory.groups
	for _, group := range l.names.all() {
		known, ok := groups.get(group.ID)
		if ok && !l.renamed[fold(group.ID)] {
			continue
		}
		if ok {
			known.DisplayName = group.DisplayName
			group = known
		}
		l.putGroup(group)
	}
	l.finish(l.named)
	l.finish(l.later)
	l.weighGroups()
	l.weighRoles()
}

func (l *loader) finish(tasks []later) {
	for _, task := range tasks {
		if err := task.do(); err != nil {
			l.report(task.file, &offsetError{task.at, err})
		}
	}
}
