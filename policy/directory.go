package policy

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/internal/guid"
)

// Directory holds the accounts of a tenant and what they are members of, for
// questions about all of them: a bit for each account and group. ReadDirectory reads
// one from a tenant. Or it is filled from streams, the accounts first:
//
//	var d policy.Directory
//	err := d.AddAccounts(accounts)
//	for _, group := range prepared.Groups() {
//		err = d.AddMembers(group, members(group))
//	}
//	err = d.AddRoleAssignments(assignments)
//
// Where an account brings its groups or roles with it, or they are added here,
// they are known; else an answer that depends on them is Unknown. Once filled it
// may be shared by goroutines. The zero Directory is empty.
type Directory struct {
	ids    []guid.ID
	number map[guid.ID]uint32
	// kinds are the kinds of account that are neither an ordinary member nor an
	// ordinary guest alone; members of kind 0 are in no list.
	kinds   []kind
	byKind  map[string]int
	groups  map[string]*membership
	roles   map[string]*roleHolders
	started bool // memberships were added
	// groupless and roleless are the accounts of which nobody gave all groups or roles.
	groupless, roleless accountSet
	// oddGroups hold a role of which it isn't known which it is.
	oddGroups, oddVia []string
	joined            bool    // made by Joined
	unread            []error // what ReadDirectory could not read
}

// kind is what accounts have in common beside their memberships.
type kind struct {
	subject  Subject
	accounts []uint32
}

// membership is the accounts in a group, as a list while they are few. whole says
// that there are no others.
type membership struct {
	few      []uint32
	accounts accountSet
	whole    bool
}

// add keeps a list as long as it is smaller than the set would be.
func (m *membership) add(n uint32) {
	if m.accounts == nil && len(m.few) < 64+int(n/32) {
		m.few = append(m.few, n)
		return
	}
	for _, member := range m.few {
		m.accounts.set(member)
	}
	m.few = nil
	m.accounts.set(n)
}

// Len is the number of accounts.
func (d *Directory) Len() int { return len(d.ids) }

// AddAccounts adds accounts, each once, by object id. Of the groups and roles that
// an account knows it takes every one, as all that the account has. It stops at
// the first error of the stream, and refuses an id that is none or comes twice,
// and accounts that come after memberships; after an error the directory holds a
// part, and is of no use.
func (d *Directory) AddAccounts(accounts iter.Seq2[Subject, error]) error {
	if err := d.open(); err != nil {
		return err
	}
	if d.started {
		return errors.New("policy: add the accounts of a directory before their memberships")
	}
	for account, err := range accounts {
		if err != nil {
			return fmt.Errorf("policy: read the accounts of a directory: %w", err)
		}
		if err := d.add(account); err != nil {
			return err
		}
	}
	return nil
}

func (d *Directory) add(account Subject) error {
	id, ok := guid.Parse(account.ID)
	if !ok {
		return fmt.Errorf("policy: add an account to a directory: %q is no object id", account.ID)
	}
	if _, twice := d.number[id]; twice {
		return fmt.Errorf("policy: add an account to a directory: %s is there already", account.ID)
	}
	if d.number == nil {
		d.number, d.groups, d.roles = map[guid.ID]uint32{}, map[string]*membership{}, map[string]*roleHolders{}
		d.byKind = map[string]int{}
	}
	n := uint32(len(d.ids))
	d.ids, d.number[id] = append(d.ids, id), n
	d.classify(n, account)
	d.addOwnGroups(n, account)
	d.addOwnRoles(n, account)
	return nil
}

// classify notes what kind of account it is, unless it is an ordinary member.
func (d *Directory) classify(n uint32, account Subject) {
	kinds, known := account.Kinds.Get()
	if known && len(kinds) == 0 && !account.AgentUser {
		return
	}
	key := fmt.Sprint(known, kinds, account.HomeTenantID, account.AgentUser)
	k, seen := d.byKind[key]
	if !seen {
		k = len(d.kinds)
		d.byKind[key] = k
		d.kinds = append(d.kinds, kind{subject: Subject{Kinds: account.Kinds, HomeTenantID: account.HomeTenantID, AgentUser: account.AgentUser}})
	}
	d.kinds[k].accounts = append(d.kinds[k].accounts, n)
}

func (d *Directory) addOwnGroups(n uint32, account Subject) {
	groups, known := account.Groups.Get()
	for _, m := range groups {
		if !guid.Is(m.Group.ID) {
			known = false
			continue
		}
		d.group(m.Group.ID).add(n)
	}
	if !known {
		d.groupless.set(n)
	}
}

func (d *Directory) group(id string) *membership {
	id = strings.ToLower(id)
	if d.groups[id] == nil {
		d.groups[id] = &membership{}
	}
	return d.groups[id]
}

// AddMembers adds the members of a group by object id: all of them, those of
// groups within it too, as transitiveMembers lists them. Members that are no
// account of the directory, devices for instance, are passed over; an id that is
// none is an error. A stream that ends with an error adds nobody. It is called once
// a group.
func (d *Directory) AddMembers(groupID string, accountIDs iter.Seq2[string, error]) error {
	if err := d.open(); err != nil {
		return err
	}
	if !guid.Is(groupID) {
		return fmt.Errorf("policy: add members to a directory: the group %q is no object id", groupID)
	}
	var members accountSet
	for id, err := range accountIDs {
		if err != nil {
			return fmt.Errorf("policy: read the members of group %s: %w", groupID, err)
		}
		key, ok := guid.Parse(id)
		if !ok {
			return fmt.Errorf("policy: add members of group %s to a directory: %q is no object id", groupID, id)
		}
		if n, known := d.number[key]; known {
			members.set(n)
		}
	}
	d.started = true
	if d.groups == nil {
		d.groups = map[string]*membership{}
	}
	group := d.group(groupID)
	group.whole = true
	group.accounts.add(members)
	return nil
}

// Joined returns the directory as it is once an account is in one more group, for
// Diff. It counts for that group alone: who is then in groups around it joins these
// too. Where accounts brought their roles, a role of the group is known by those who
// said to hold it through the group. The directory itself stays as it is, and nothing must be added to either
// after.
func (d *Directory) Joined(groupID, accountID string) (*Directory, error) {
	key, ok := guid.Parse(accountID)
	n, known := d.number[key]
	if !ok || !known {
		return nil, fmt.Errorf("policy: put an account into group %s: the directory has no account %q", groupID, accountID)
	}
	if !guid.Is(groupID) {
		return nil, fmt.Errorf("policy: put account %s into a group: %q is no object id", accountID, groupID)
	}
	joined, group, id := *d, membership{}, strings.ToLower(groupID)
	joined.joined, joined.groups, joined.roles = true, maps.Clone(d.groups), maps.Clone(d.roles)
	if was := d.groups[id]; was != nil {
		group = membership{few: slices.Clone(was.few), accounts: slices.Clone(was.accounts), whole: was.whole}
	}
	group.add(n)
	joined.groups[id] = &group
	joined.holdThrough(id, n)
	return &joined, nil
}

// open refuses additions to a directory that Joined made.
func (d *Directory) open() error {
	if d.joined {
		return errors.New("policy: nothing can be added to a directory that Joined made")
	}
	return nil
}
