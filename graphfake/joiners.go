package graphfake

import (
	"context"
	"net/http"

	"github.com/entramfa/entramfa/policy"
)

const joinersPath = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"

// MakeEligibleMember lets a user or a group join a group through Privileged Identity
// Management, and returns the id of the eligibility. A group or a principal that
// doesn't exist gives Graph's 404.
func (t *Tenant) MakeEligibleMember(groupID, principalID string) (id string, err error) {
	op := operation{http.MethodPost, v1, "/identityGovernance/privilegedAccess/group/eligibilityScheduleRequests"}
	err = t.write(op, func(d *directory) error {
		group, err := d.group(groupID)
		if err != nil {
			return err
		}
		principal, err := d.principal(principalID)
		if err != nil {
			return err
		}
		id = t.newID()
		d.joiners.put(id, policy.GroupEligibility{ID: id, GroupID: group.ID, PrincipalID: principal, AccessID: "member"})
		return nil
	})
	return id, err
}

// GroupEligibilities returns who may join a group, with Principal filled.
func (t *Tenant) GroupEligibilities(ctx context.Context, groupID string) ([]policy.GroupEligibility, error) {
	return read(ctx, t, get(v1, joinersPath), func(d *directory) ([]policy.GroupEligibility, error) {
		ids, err := d.joinersOf(groupID)
		list := make([]policy.GroupEligibility, len(ids))
		for i, id := range ids {
			list[i] = d.joiners.at(id)
			if principal, ok := d.object(list[i].PrincipalID); ok {
				list[i].Principal = &principal
			}
		}
		return list, err
	})
}

// joinersOf lists the eligibilities of a group. No export holds them.
func (d *directory) joinersOf(groupID string) ([]string, error) {
	if d.held != nil {
		return nil, d.held.missing("who may join the group "+groupID, "none: no export holds it")
	}
	var ids []string
	for id, e := range d.joiners.each() {
		if sameText(e.GroupID, groupID) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// joinerShape: https://learn.microsoft.com/graph/api/resources/privilegedaccessgroupeligibilityscheduleinstance.
var joinerShape = same("null", "id", "groupId", "principalId", "accessId", "memberType", "startDateTime", "endDateTime", "eligibilityScheduleId")

// listJoiners answers for one group: the service wants a filter.
func listJoiners(d *directory, _ *Tenant, c *call) (answer, error) {
	group, ok := c.options.filter.equal("groupId")
	if !ok {
		return answer{}, badRequest("The request must be filtered by groupId or principalId; graphfake takes groupId.")
	}
	for _, name := range c.options.expand {
		if !containsFold([]string{"principal"}, name) {
			return answer{}, badRequest("Unsupported: of an eligibility graphfake expands the principal, not '%s'.", name)
		}
	}
	ids, err := d.joinersOf(group)
	rows := make([]object, len(ids))
	for i, id := range ids {
		e := d.joiners.at(id)
		rows[i] = objectOf(e).without("principal").with("memberType", raw("Direct"))
		if len(c.options.expand) > 0 {
			rows[i] = rows[i].with("principal", d.expandedPrincipal(policy.RoleAssignment{PrincipalID: e.PrincipalID}))
		}
	}
	return list("identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
		"microsoft.graph.privilegedAccessGroupEligibilityScheduleInstance", joinerShape, rows, err)
}
