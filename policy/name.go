package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/builtinrole"
	"github.com/entramfa/entramfa/internal/openjson"
)

// roleName returns the display name of a built-in role, or the id where there
// is no such role.
func roleName(id string) string {
	if name := builtinrole.Name(id); name != "" {
		return name
	}
	return id
}

// name returns the display name of an object where it is known, else its id.
func (j *judge) name(id string) string {
	if groups, known := j.subject.Groups.Get(); known {
		for _, m := range groups {
			if strings.EqualFold(m.Group.ID, id) {
				return groupName(m.Group)
			}
		}
	}
	objects, _ := j.tenant.Objects.Get()
	for _, o := range objects {
		if strings.EqualFold(o.ID, id) && o.DisplayName != "" {
			return fmt.Sprintf("%q", o.DisplayName)
		}
	}
	return id
}

// groupPath returns the names of the groups that lead to a group of the account.
func (j *judge) groupPath(id string) []string {
	groups, _ := j.subject.Groups.Get()
	for _, m := range groups {
		if strings.EqualFold(m.Group.ID, id) {
			return slices.Clone(m.Path)
		}
	}
	return []string{id}
}

// deleted tells that a policy names something that no longer exists.
func (j *judge) deleted(kind, id string) []string {
	objects, known := j.tenant.Objects.Get()
	if !known || slices.ContainsFunc(objects, func(o Principal) bool { return strings.EqualFold(o.ID, id) }) {
		return nil
	}
	return []string{fmt.Sprintf("the policy names %s %s, which no longer exists: it matches nobody unless it is restored", kind, id)}
}

func groupName(group Group) string {
	if group.DisplayName == "" {
		return group.ID
	}
	return fmt.Sprintf("%q", group.DisplayName)
}

// TemplateID returns the template id of the role, by which policies name it:
// that of the expanded definition, else the definition's id, which is the same
// for a built-in role.
func (a RoleAssignment) TemplateID() string {
	if a.RoleDefinition != nil && a.RoleDefinition.TemplateID != nil && *a.RoleDefinition.TemplateID != "" {
		return *a.RoleDefinition.TemplateID
	}
	return a.RoleDefinitionID
}

// of says whether the assignment gives the built-in role with this template id.
func (a RoleAssignment) of(templateID string) bool {
	return strings.EqualFold(a.RoleDefinitionID, templateID) ||
		a.RoleDefinition != nil && a.RoleDefinition.TemplateID != nil && strings.EqualFold(*a.RoleDefinition.TemplateID, templateID)
}

// name returns the name of the role, or its id.
func (a RoleAssignment) name() string {
	if a.RoleDefinition != nil && a.RoleDefinition.DisplayName != "" {
		return a.RoleDefinition.DisplayName
	}
	return roleName(a.RoleDefinitionID)
}

// unknownMembers lists the members of an object that this package doesn't know
// and that say something: annotations and empty values don't.
// A next link says something: the list before it is half a list.
func unknownMembers(members openjson.Members) []string {
	var names []string
	for name, raw := range members.Unknown() {
		annotation := strings.ContainsAny(name, "@#") && !strings.HasSuffix(strings.ToLower(name), "odata.nextlink")
		if !annotation && !empty(raw) {
			names = append(names, name)
		}
	}
	return names
}

func empty(raw json.RawMessage) bool {
	text := strings.Join(strings.Fields(string(raw)), "")
	return text == "" || text == "null" || text == "[]" || text == "{}" || text == `""` || text == "false"
}

func unknownCondition(where string, names []string) string {
	return fmt.Sprintf("what %s means in %s: this version doesn't know it", strings.Join(names, ", "), where)
}

func reasonf(condition, format string, args ...any) entramfa.Reason {
	return entramfa.Reason{Condition: condition, Text: fmt.Sprintf(format, args...)}
}

func containsFold(list []string, text string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, text) })
}
