package mfa

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// perRead is how many accounts are read together: as many as a batch has requests.
const perRead = 20

// All reads and judges the accounts, one after the other, while it is ranged over, and
// anew each time. It ends with the first error: a context's own, or where the accounts
// of the tenant can't be listed. What can't be read of one account is missing in its
// Admin. It holds some dozens of accounts at a time. Only one may run at a time.
func (a *Admins) All(ctx context.Context) iter.Seq2[Admin, error] {
	return func(yield func(Admin, error) bool) {
		a.tally = tally{begun: true, all: a.opts.AllUsers, missing: a.Missing()}
		inside, stop := context.WithCancel(ctx)
		s := scan{admins: a, ctx: ctx, yield: yield}
		defer s.wait()
		defer stop()
		for accounts, err := range a.chunks(inside) {
			if err != nil {
				if s.drain(0) {
					yield(Admin{}, err)
				}
				return
			}
			if !s.drain(a.opts.Parallel - 1) {
				return
			}
			s.start(inside, accounts)
		}
		if s.drain(0) {
			a.tally.ended = true
		}
	}
}

// scan judges chunks of accounts at once and hands them out in order.
type scan struct {
	admins  *Admins
	ctx     context.Context
	yield   func(Admin, error) bool
	pending []chan []Admin
	done    int
}

func (s *scan) start(ctx context.Context, accounts []User) {
	result := make(chan []Admin, 1)
	s.pending = append(s.pending, result)
	go func() { result <- s.admins.readChunk(ctx, accounts) }()
}

// drain hands out all chunks but some; false where the caller has had enough.
func (s *scan) drain(but int) bool {
	for len(s.pending) > but {
		chunk := <-s.pending[0]
		s.pending = s.pending[1:]
		if err := s.ctx.Err(); err != nil {
			s.yield(Admin{}, fmt.Errorf("read the administrators: %w", err))
			return false
		}
		for _, admin := range chunk {
			s.admins.tally.add(admin)
			s.done++
			if s.admins.opts.Progress != nil {
				s.admins.opts.Progress(s.done, s.all())
			}
			if !s.yield(admin, nil) {
				return false
			}
		}
	}
	return true
}

// all is how many accounts there will be, 0 where that isn't known.
func (s *scan) all() int {
	if s.admins.opts.AllUsers {
		return 0
	}
	return s.admins.Len()
}

// wait lets no goroutine outlive the scan.
func (s *scan) wait() {
	for _, result := range s.pending {
		<-result
	}
}

// chunks lists the accounts to judge: of those that are read from their own side the
// id alone is known.
func (a *Admins) chunks(ctx context.Context) iter.Seq2[[]User, error] {
	return func(yield func([]User, error) bool) {
		if a.fromTheirSide() {
			for ids := range slices.Chunk(a.holders.accounts, perRead) {
				users := make([]User, len(ids))
				for i, id := range ids {
					users[i] = User{ID: id}
				}
				if !yield(users, nil) {
					return
				}
			}
			return
		}
		a.listed(ctx, yield)
	}
}

// listed goes through all accounts of the tenant. A holder who isn't among them comes
// last, by the id alone.
func (a *Admins) listed(ctx context.Context, yield func([]User, error) bool) {
	left := idSet{}
	for _, id := range a.holders.accounts {
		left[id] = true
	}
	var chunk []User
	for user, err := range a.reader.Users(ctx) {
		if err != nil {
			yield(nil, fmt.Errorf("list the accounts: %w", err))
			return
		}
		holder := left.has(user.ID)
		delete(left, strings.ToLower(user.ID))
		if !holder && !a.concerns(user) {
			continue
		}
		if chunk = append(chunk, user); len(chunk) == perRead {
			if !yield(chunk, nil) {
				return
			}
			chunk = nil
		}
	}
	for _, id := range sortedKeys(left) {
		chunk = append(chunk, User{ID: id})
	}
	for rest := range slices.Chunk(chunk, perRead) {
		if !yield(rest, nil) {
			return
		}
	}
}

// concerns says whether an account that is no administrator is asked about.
func (a *Admins) concerns(u User) bool {
	return a.opts.AllUsers && (u.AccountEnabled == nil || *u.AccountEnabled)
}

// readChunk reads and judges some accounts.
func (a *Admins) readChunk(ctx context.Context, users []User) []Admin {
	facts := make([]Facts, len(users))
	groups := make([]entramfa.Value[[]policy.Group], len(users))
	gone := make([]error, len(users))
	var reads []func(context.Context)
	for i, user := range users {
		f, id := &facts[i], user.ID
		*f = a.tenant
		f.User = user
		reads = append(reads,
			func(ctx context.Context) { f.Methods = entramfa.Result(a.reader.Methods(ctx, id)) },
			func(ctx context.Context) { f.Requirements = entramfa.Result(a.reader.Requirements(ctx, id)) })
		if a.fromTheirSide() {
			reads = append(reads, func(ctx context.Context) {
				if found, err := a.reader.User(ctx, id); err != nil {
					gone[i] = err
				} else {
					f.User = found
				}
			})
		}
		if a.groupsFromTheirSide() {
			reads = append(reads, func(ctx context.Context) { groups[i] = entramfa.Result(a.reader.TransitiveMemberOf(ctx, id)) })
		}
	}
	together(ctx, a.reader, reads)
	admins := make([]Admin, len(users))
	for i := range facts {
		admins[i] = a.judgeOne(&facts[i], groups[i], gone[i])
	}
	return admins
}

// groupsFromTheirSide says that each account is asked for its groups: that is less
// than listing the members of groups, or some group doesn't tell its members.
func (a *Admins) groupsFromTheirSide() bool { return a.fromTheirSide() || len(a.groups.unread) > 0 }

func (a *Admins) judgeOne(f *Facts, groups entramfa.Value[[]policy.Group], gone error) Admin {
	f.Groups = a.groupsOf(f.User.ID, groups)
	f.Roles, f.EligibleRoles = a.holders.of(f.User.ID, f.Groups, a.holders.groups)
	admin := a.judge.judge(*f)
	in, _ := f.Groups.Get()
	if err := a.holders.untold(a.judge, f.User.ID, in); err != nil {
		admin.Demanded = both(admin.Demanded, entramfa.Missing[bool](err))
		admin.MFA = both(admin.Demanded, admin.Registered)
	}
	if gone == nil && f.User.UserPrincipalName == "" {
		gone = errors.New("the list of accounts doesn't hold it")
	}
	if gone != nil {
		admin.Missing = append([]string{fmt.Sprintf("the account itself: %v", gone)}, admin.Missing...)
		admin.Demanded = both(admin.Demanded, entramfa.Missing[bool](fmt.Errorf("the account itself: %w", gone)))
		admin.MFA = both(admin.Demanded, admin.Registered)
	}
	return admin
}

// groupsOf joins what the account and what the groups say.
func (a *Admins) groupsOf(account string, own entramfa.Value[[]policy.Group]) entramfa.Value[[]policy.Membership] {
	listed := a.groups.of(account)
	if !a.groupsFromTheirSide() {
		return entramfa.Known(listed)
	}
	groups, known := own.Get()
	if !known {
		return entramfa.Missing[[]policy.Membership](own.Err())
	}
	all := idsOf(groups)
	for _, m := range listed { // replication may show one side alone
		if !all.has(m.Group.ID) {
			groups = append(slices.Clip(groups), m.Group)
		}
	}
	list := make([]policy.Membership, len(groups))
	for i, g := range groups {
		list[i] = policy.Membership{Group: g, Path: []string{nameOf(g)}}
	}
	return entramfa.Known(list)
}
