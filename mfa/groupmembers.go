package mfa

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/policy"
)

// groupMembers holds who is in some groups, direct and nested.
type groupMembers struct {
	names    map[string]string // by id, in small letters
	gone     func(id string) bool
	groups   []policy.Group
	members  map[string][]guid.ID // of groups that hold roles
	accounts map[guid.ID][]int32  // the groups of an account, by number
	// only are the accounts that are asked about; nil for all.
	only idSet
	// unread are those whose members could not be read, and why.
	unread  map[string]error
	missing []string
}

// newGroupMembers knows which groups there are of those that policies name.
func newGroupMembers(objects entramfa.Value[[]policy.Principal]) *groupMembers {
	g := &groupMembers{names: map[string]string{}, members: map[string][]guid.ID{}, accounts: map[guid.ID][]int32{}, unread: map[string]error{}}
	list, known := objects.Get()
	there := idSet{}
	for _, o := range list {
		there[strings.ToLower(o.ID)] = true
		g.names[strings.ToLower(o.ID)] = o.DisplayName
	}
	g.gone = func(id string) bool { return known && !there.has(id) }
	return g
}

// atOnce is how many groups are read at once.
const atOnce = 4

// read reads the members of groups that were not read yet. what says why they matter.
// keep says that who is in a group is asked for too.
func (g *groupMembers) read(ctx context.Context, reader policy.DirectoryReader, ids []string, what string, keep bool) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return g.unread[id] != nil || g.members[id] != nil })
	for chunk := range slices.Chunk(ids, atOnce) {
		members, errs := make([][]guid.ID, len(chunk)), make([]error, len(chunk))
		var wait sync.WaitGroup
		for i, id := range chunk {
			wait.Go(func() { members[i], errs[i] = g.membersOf(reader.TransitiveMembers(ctx, id)) })
		}
		wait.Wait()
		for i, id := range chunk {
			g.add(id, members[i], errs[i], what, keep)
		}
	}
}

func (g *groupMembers) membersOf(stream iter.Seq2[string, error]) ([]guid.ID, error) {
	var list []guid.ID
	for text, err := range stream {
		if err != nil {
			return nil, err
		}
		id, ok := guid.Parse(text)
		if !ok {
			return nil, fmt.Errorf("the member %q is no object id", text)
		}
		if g.only == nil || g.only.has(text) {
			list = append(list, id)
		}
	}
	return list, nil
}

// add takes in a group. One that policies name and that is gone by two answers has
// no members.
func (g *groupMembers) add(id string, members []guid.ID, err error, what string, keep bool) {
	if err != nil && !keep && errors.Is(err, entramfa.ErrNotFound) && g.gone(id) {
		err = nil
	}
	if err != nil {
		g.unread[id] = err
		g.missing = append(g.missing, fmt.Sprintf("the members of the group %s, %s: %v", g.nameOf(id), what, err))
		return
	}
	number := int32(len(g.groups))
	g.groups = append(g.groups, policy.Group{ID: id, DisplayName: g.names[id]})
	for _, account := range members {
		g.accounts[account] = append(g.accounts[account], number)
	}
	if keep {
		g.members[id] = append([]guid.ID{}, members...)
	}
}

func (g *groupMembers) nameOf(id string) string {
	if name := g.names[id]; name != "" {
		return fmt.Sprintf("%q", name)
	}
	return id
}

// in lists the accounts in a group that holds roles.
func (g *groupMembers) in(group string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, id := range g.members[group] {
			if !yield(id.String()) {
				return
			}
		}
	}
}

// of lists the groups of an account among those that were read.
func (g *groupMembers) of(account string) []policy.Membership {
	id, _ := guid.Parse(account)
	var list []policy.Membership
	for _, number := range g.accounts[id] {
		group := g.groups[number]
		list = append(list, policy.Membership{Group: group, Path: []string{nameOf(group)}})
	}
	return list
}
