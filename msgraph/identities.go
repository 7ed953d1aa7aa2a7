package msgraph

import (
	"github.com/entramfa/entramfa/internal/guid"
	"github.com/entramfa/entramfa/mfa"
	"github.com/entramfa/entramfa/policy"
)

// identities counts different items: by object id in 16 bytes, for there may be
// millions, else by whatever stands for an id. Items without one are all different.
type identities struct {
	ids      map[guid.ID]bool
	others   map[string]bool
	nameless int
}

func (i *identities) len() int { return len(i.ids) + len(i.others) + i.nameless }

func (i *identities) add(text string) {
	if i.ids == nil {
		i.ids, i.others = map[guid.ID]bool{}, map[string]bool{}
	}
	id, ok := guid.Parse(text)
	switch {
	case ok:
		i.ids[id] = true
	case text != "":
		i.others[text] = true
	default:
		i.nameless++
	}
}

func addAll[T any](i *identities, items []T) {
	for n := range items {
		i.add(identity(&items[n]))
	}
}

// identity is the id of an item of a list that is counted.
func identity(item any) string {
	switch v := item.(type) {
	case *policy.Group:
		return v.ID
	case *groupAccount:
		return v.ID
	case *policy.RoleAssignment:
		return v.ID
	case *mfa.User:
		return v.ID
	}
	return ""
}
