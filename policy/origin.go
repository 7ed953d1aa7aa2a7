package policy

import "strings"

// Origin is who made a policy, as its name and template tell.
type Origin string

const (
	// OriginTenant: the tenant's administrators made it.
	OriginTenant Origin = "tenant"
	// OriginMicrosoftManaged: Microsoft put it there; only its state and its
	// excluded users, groups and roles can be edited, and it can't be deleted.
	// Left in report-only, Microsoft switches it on after 45 days or more.
	OriginMicrosoftManaged Origin = "microsoftManaged"
	// OriginBaselineSecurityMode: the Baseline Security Mode of the Microsoft 365 admin center made it.
	OriginBaselineSecurityMode Origin = "baselineSecurityMode"
	// OriginSharePointAdminCenter: the SharePoint admin center made it.
	OriginSharePointAdminCenter Origin = "sharePointAdminCenter"
	// OriginRetiredBaseline: it bears the name of one of the baseline policies,
	// which Microsoft removed in 2020 and Graph never returned. Today it is an
	// ordinary policy that somebody made by hand.
	OriginRetiredBaseline Origin = "retiredBaseline"
)

// managedTemplate and baselineModeTemplate start the template ids that were
// seen on policies made by Microsoft; no document says that they always do.
const (
	managedTemplate      = "4200930c-0da2-4e33-ca01-0"
	baselineModeTemplate = "4200930c-0da2-4e33-ca01-3"
)

// Origin says who made the policy. It goes by the name, and by the template id
// for Microsoft's own: neither is a promise.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/managed-policies.
func (p Policy) Origin() Origin {
	template := ""
	if p.TemplateID != nil {
		template = strings.ToLower(*p.TemplateID)
	}
	named := func(prefix string) bool {
		return len(p.DisplayName) >= len(prefix) && strings.EqualFold(p.DisplayName[:len(prefix)], prefix)
	}
	switch {
	case named("Microsoft-managed:") || strings.HasPrefix(template, managedTemplate):
		return OriginMicrosoftManaged
	case named("Baseline Security Mode:") || strings.HasPrefix(template, baselineModeTemplate):
		return OriginBaselineSecurityMode
	case named("[SharePoint admin center]"):
		return OriginSharePointAdminCenter
	case named("Baseline policy:"):
		return OriginRetiredBaseline
	}
	return OriginTenant
}

// note says what an administrator has to know of a policy of this origin.
func (o Origin) note() string {
	switch o {
	case OriginMicrosoftManaged:
		return "it is a Microsoft-managed policy: its state and its exclusions can be edited, nothing else; left in report-only, Microsoft switches it on"
	case OriginBaselineSecurityMode:
		return "it was made by Baseline Security Mode in the Microsoft 365 admin center"
	case OriginSharePointAdminCenter:
		return "it was made by the SharePoint admin center, which may change it again"
	case OriginRetiredBaseline:
		return "it bears the name of a baseline policy; Microsoft removed those in 2020, so this one is an ordinary policy made by hand"
	}
	return ""
}
