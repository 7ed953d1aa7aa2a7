package main

import (
	"fmt"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/policy"
)

// undoneText says in a few words what undoing a change did.
func undoneText(c entramfa.Change) string {
	was := map[string]string{}
	flatten(was, "", c.Before)
	for path, value := range was {
		was[path] = strings.Trim(value, `"`)
	}
	switch c.Kind {
	case entramfa.CreateNamedLocation:
		return fmt.Sprintf("deleted the named location %q", c.TargetName)
	case entramfa.CreatePolicy:
		return fmt.Sprintf("deleted the policy %q", c.TargetName)
	case entramfa.AddGroupMember:
		return fmt.Sprintf("took the account out of the group %q", c.TargetName)
	case entramfa.ChangeSecurityDefaults:
		return fmt.Sprintf("switched %q on again", c.TargetName)
	case entramfa.ChangePerUserMFA:
		return fmt.Sprintf("set the per-user MFA state of %q back to %s", c.TargetName, was["perUserMfaState"])
	case entramfa.ChangePolicy:
		return policyUndone(c.TargetName, was)
	}
	return fmt.Sprintf("%q: %s", c.TargetName, c.Undo)
}

// policyUndone says which members of a policy are what they were.
func policyUndone(name string, was map[string]string) string {
	state, stated := was["state"]
	_, users := was["conditions.users.excludeUsers"]
	switch {
	case stated && state == string(policy.StateReportOnly):
		return fmt.Sprintf("set the policy %q back to report-only", name)
	case stated:
		return fmt.Sprintf("set the policy %q back to %s", name, state)
	case users:
		return fmt.Sprintf("took the account out of the excluded users of the policy %q", name)
	}
	return fmt.Sprintf("set the policy %q back to what it was", name)
}
