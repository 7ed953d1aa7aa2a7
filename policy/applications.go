package policy

import (
	"slices"
	"strconv"
	"strings"

	"github.com/entramfa/entramfa"
	"github.com/entramfa/entramfa/internal/guid"
)

// The condition on target resources:
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-cloud-apps.
//
//   - A policy on user actions meets that action alone; one on an authentication
//     context meets who is asked for the context; one on applications meets
//     tokens for those.
//   - Exclusion wins. None takes in nothing.
//   - Microsoft Graph can't be named: it is reached by All, and, through the
//     services behind it, by policies on those.

// App ids that the groups of applications below are told by.
const (
	azurePortal     = "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"
	azureManagement = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
	azureDirectory  = "00000002-0000-0000-c000-000000000000"
	microsoftGraph  = "00000003-0000-0000-c000-000000000000"
	exchangeOnline  = "00000002-0000-0ff1-ce00-000000000000"
	sharePoint      = "00000003-0000-0ff1-ce00-000000000000"

	azureDataLake       = "e9f49c6b-5ce5-44c8-925d-015017e9f7ad"
	applicationInsights = "f5c26e74-f226-4ae8-85f0-b4af0080ac9e"
	logAnalytics        = "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5"
)

// office365 lists services of which it is certain that the group Office365 holds
// them, and outside those that it certainly doesn't hold. Of any other app it
// can't be told: the group is Microsoft's, and grows.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/reference-office-365-application-contents.
func office365(app string) truth {
	switch {
	case containsFold([]string{exchangeOnline, sharePoint, teams}, app):
		return yes
	case containsFold([]string{azureManagement, azureDirectory}, app):
		return no
	}
	return unknown
}

// applications says over which targets of the region the policy holds.
func (j *judge) applications(a *Applications, bound bool) coverage {
	c := j.targeted(a)
	if bound {
		c = j.protected(c, a)
	}
	c.applications = a
	return c
}

func (j *judge) targeted(a *Applications) coverage {
	const name = "applications"
	switch {
	case a == nil:
		return cantTell(name, "the policy says nothing of applications")
	case len(unknownMembers(a.members)) > 0:
		return cantTell(name, "%s", unknownCondition("conditions.applications", unknownMembers(a.members)))
	case len(a.IncludeApplications) > 0 && len(a.IncludeUserActions)+len(a.IncludeAuthenticationContextClassReferences) > 0:
		return cantTell(name, "the policy names resources beside user actions or authentication contexts, which exclude each other")
	case len(a.IncludeUserActions) > 0 && len(a.IncludeAuthenticationContextClassReferences) > 0:
		return cantTell(name, "the policy names user actions beside authentication contexts, which exclude each other")
	case len(a.IncludeUserActions) > 0:
		return j.userActions(a.IncludeUserActions).by(onTarget, a.meets)
	case len(a.IncludeAuthenticationContextClassReferences) > 0:
		return j.authenticationContexts(a.IncludeAuthenticationContextClassReferences).by(onTarget, a.meets)
	case len(a.IncludeApplications) == 0 && a.filter() == nil:
		return cantTell(name, "the policy names no resource")
	}
	return j.resources(a).by(onTarget, a.meets)
}

// meets says whether the policy is about the target of a single sign-in.
func (a *Applications) meets(p *point) truth {
	switch {
	case len(a.IncludeUserActions) > 0 && p.target.action != "":
		return actionAmong(a.IncludeUserActions)(p.target.action)
	case len(a.IncludeUserActions) > 0, p.target.action != "":
		return no
	case len(a.IncludeAuthenticationContextClassReferences) > 0:
		return contextAmong(a.IncludeAuthenticationContextClassReferences)(p.target.context)
	}
	return a.holds(p.target.application)
}

// forResources says whether the region has sign-ins to resources, forActions
// whether it has some for user actions.
func (s SignIn) forResources() bool { return s.Applications == nil || len(s.Applications) > 0 }
func (s SignIn) forActions() bool   { return s.UserActions == nil || len(s.UserActions) > 0 }

// actionAmong returns a condition that holds for the wanted actions. One that this
// version doesn't know is one action more and no group of others; a sign-in for
// one that isn't wanted may be a typing error.
func actionAmong(wanted []string) func(string) truth {
	return func(action string) truth {
		if action != "" && !containsFold(userActionAxis, action) && !containsFold(wanted, action) {
			return unknown
		}
		return truthOf(containsFold(wanted, action))
	}
}

// anyOtherAction stands for every user action that this version doesn't know.
const anyOtherAction = "any other user action"

// actions lists the user actions of the region, and "" for its resources.
func (s SignIn) actions() []string {
	actions := s.UserActions
	if actions == nil {
		actions = append(slices.Clip(userActionAxis), anyOtherAction)
	}
	if s.forResources() {
		actions = append(slices.Clip(actions), "")
	}
	return actions
}

// userActions judges a policy on user actions. A region of every action has those
// too that this version doesn't know.
func (j *judge) userActions(wanted []string) coverage {
	const name = "applications"
	for _, action := range userActionAxis.foreign(wanted) {
		if !strings.HasPrefix(strings.ToLower(action), "urn:user:") {
			return cantTell(name, "what the user action %s is", action)
		}
	}
	extent, inside := cover(j.region.actions(), actionAmong(wanted))
	if extent == entramfa.Never {
		return covers(extent, name, "it is about the user action %s, not about signing in to a resource", strings.Join(wanted, " or "))
	}
	return of(extent, func(s *SignIn) {
		s.UserActions, s.Applications, s.AuthenticationContexts = []string{inside}, []string{}, []string{}
	}, name, "for the user action %s", strings.Join(wanted, " or ")).beside(userActionAxis.foreign(wanted), "what the user action %s is")
}

// isContext says whether a text is an authentication context, c1 to c99.
func isContext(text string) bool {
	number, err := strconv.Atoi(strings.TrimPrefix(strings.ToLower(text), "c"))
	return err == nil && number >= 1 && number <= 99 && strings.EqualFold(text, "c"+strconv.Itoa(number))
}

// contextAmong returns a condition that holds for the wanted contexts; "" is that
// of a resource that asks for none.
func contextAmong(wanted []string) func(string) truth {
	foreign := slices.DeleteFunc(slices.Clone(wanted), isContext)
	return func(context string) truth {
		switch {
		case context == "":
			return no
		case !isContext(context):
			return unknown
		}
		return listed(wanted, foreign, context)
	}
}

// open lists the contexts of a region that doesn't say for which its resources ask:
// the wanted ones, one that isn't wanted, and none.
func open(wanted []string) []string {
	contexts := append(slices.Clone(wanted), "")
	for number := 1; number <= 99; number++ {
		if other := "c" + strconv.Itoa(number); !containsFold(wanted, other) {
			return append(contexts, other)
		}
	}
	return contexts
}

// authenticationContexts judges a policy on contexts. A region that doesn't say
// for which its resources ask has sign-ins with each and with none.
func (j *judge) authenticationContexts(wanted []string) coverage {
	const name = "applications"
	asked := j.region.AuthenticationContexts
	if asked == nil {
		asked = open(wanted)
	}
	if len(asked) == 0 {
		asked = []string{""}
	}
	extent, inside := cover(asked, contextAmong(wanted))
	switch {
	case extent == entramfa.Never, !j.region.forResources():
		return covers(entramfa.Never, name, "it is about the authentication context %s, for which nothing asks", strings.Join(wanted, " or "))
	case j.region.forActions() && extent == entramfa.Always:
		extent = entramfa.Sometimes
	}
	return of(extent, func(s *SignIn) { s.AuthenticationContexts, s.UserActions = []string{inside}, []string{} },
		name, "when a resource asks for the authentication context %s", strings.Join(wanted, " or "))
}

// resources judges a policy on applications.
func (j *judge) resources(a *Applications) coverage {
	const name = "applications"
	region := j.region.Applications
	if region == nil {
		region = mentioned(a)
	}
	extent, inside := cover(region, a.holds)
	switch {
	case extent == entramfa.Never:
		return covers(extent, name, "none of the sign-ins is to its resources (%s)", a.text())
	case extent == entramfa.ExtentUnknown:
		c := cantTell(name, "whether %s is among its resources (%s)", names(region), a.text())
		c.constant = false
		return c
	case extent == entramfa.Always && j.region.forActions():
		extent = entramfa.Sometimes
	}
	c := of(extent, func(s *SignIn) { s.Applications, s.UserActions = []string{inside}, []string{} }, name, "for %s", a.text())
	if containsFold(region, DirectoryScopes) && a.holds(DirectoryScopes) == unknown {
		c.caveats = []string{"whether it meets a sign-in that asks for directory scopes alone can't be told: Microsoft enforces policies for all resources but some on these since June 2026, tenant by tenant"}
	}
	return c
}

// anyOtherApp stands for every app that a policy doesn't mention.
const anyOtherApp = "any other application"

// mentioned lists one app for each way in which a policy may treat an app.
func mentioned(a *Applications) []string {
	apps := append([]string{anyOtherApp}, special...)
	for _, app := range append(slices.Clone(a.IncludeApplications), a.ExcludeApplications...) {
		if !containsFold([]string{"All", "None", "Office365", "MicrosoftAdminPortals", "AllAgentIdResources"}, app) {
			apps = append(apps, app)
		}
	}
	return apps
}

// filter returns the filter that says something, nil for none.
func (a *Applications) filter() *Filter {
	if a.ApplicationFilter == nil || a.ApplicationFilter.blank() {
		return nil
	}
	return a.ApplicationFilter
}

// DirectoryScopes stands, among the Applications of a SignIn, for the sign-ins that
// ask for directory scopes and nothing else: openid, profile, email,
// offline_access, User.Read, User.Read.All, User.ReadBasic.All, People.Read,
// People.Read.All, GroupMember.Read.All, Member.Read.Hidden. A policy for all
// resources but some used to let these pass. Since June 2026 Microsoft enforces it,
// tenant by tenant and unless one opts out, as a policy on Windows Azure Active
// Directory: whether it does can't be told.
// Source: https://learn.microsoft.com/entra/identity/conditional-access/concept-enforcement-resource-exclusions.
const DirectoryScopes = "directoryScopes"

// excludes says whether the policy leaves a resource out.
func (a *Applications) excludes() bool {
	return len(a.ExcludeApplications) > 0 || a.filter() != nil && !strings.EqualFold(a.filter().Mode, "include")
}

// holdsDirectoryScopes is holds for sign-ins that ask for nothing else.
func (a *Applications) holdsDirectoryScopes() truth {
	all := containsFold(a.IncludeApplications, "All")
	switch {
	case containsFold(a.ExcludeApplications, "All"), containsFold(a.ExcludeApplications, azureDirectory):
		return no
	case all && !a.excludes():
		return yes
	case all, containsFold(a.IncludeApplications, azureDirectory), a.filter() != nil:
		return unknown
	}
	return a.unreadable()
}

// unreadable is unknown where an entry is no app id and no word that Graph has.
func (a *Applications) unreadable() truth {
	for _, entry := range a.IncludeApplications {
		if strings.EqualFold(entry, microsoftGraph) || !guid.Is(entry) && !containsFold([]string{"None", "Office365", "MicrosoftAdminPortals"}, entry) {
			return unknown
		}
	}
	return no
}

// holds says whether the policy takes in a token for the app.
func (a *Applications) holds(app string) truth {
	if strings.EqualFold(app, DirectoryScopes) {
		return a.holdsDirectoryScopes()
	}
	included := a.side(a.IncludeApplications, app)
	excluded := a.side(a.ExcludeApplications, app)
	switch filter := a.filter(); {
	case filter == nil:
	case strings.EqualFold(filter.Mode, "include") && included == no:
		included = unknown // it asks custom security attributes of the app
	case !strings.EqualFold(filter.Mode, "include"):
		excluded = either(excluded, unknown)
	}
	return both(included, excluded.not())
}

// side says whether one of the entries means the app.
func (a *Applications) side(entries []string, app string) truth {
	result, isID := no, guid.Is(app) || app == anyOtherApp
	for _, entry := range entries {
		result = either(result, means(entry, app, isID))
	}
	return result
}

// means says whether an entry means the app, which is an app id or a name for one.
func means(entry, app string, isID bool) truth {
	switch {
	case strings.EqualFold(entry, "All"), strings.EqualFold(entry, app):
		return yes
	case strings.EqualFold(entry, "None"):
		return no
	case !isID:
		return unknown // a name for an app id
	case strings.EqualFold(entry, azureManagement):
		return azureServices(app)
	case strings.EqualFold(entry, "Office365"):
		return office365(app)
	case strings.EqualFold(entry, "MicrosoftAdminPortals"):
		return adminPortals(app)
	case !guid.Is(entry), strings.EqualFold(app, microsoftGraph):
		return unknown // Graph is met through the services behind it
	}
	return no
}

// azureServices is whether Azure management, which stands for Azure Resource
// Manager, holds another app: the portal, and three services that Microsoft names
// without their app ids, so that it isn't certain for these. It doesn't hold Graph.
func azureServices(app string) truth {
	switch {
	case strings.EqualFold(app, azurePortal):
		return yes
	case containsFold([]string{azureDataLake, applicationInsights, logAnalytics}, app):
		return unknown
	}
	return no
}

// adminPortals is whether the group MicrosoftAdminPortals holds an app: portals
// that a person opens, and none of the services that a program asks.
func adminPortals(app string) truth {
	switch {
	case strings.EqualFold(app, azurePortal):
		return yes
	case containsFold([]string{microsoftGraph, exchangeOnline, sharePoint, azureDirectory}, app):
		return no
	}
	return unknown
}

// text names what the policy is about.
func (a *Applications) text() string {
	text := names(a.IncludeApplications)
	switch {
	case containsFold(a.IncludeApplications, "All"):
		text = "all resources"
	case a.filter() != nil && text == "":
		text = "applications"
	}
	if len(a.ExcludeApplications) > 0 {
		text += " but " + names(a.ExcludeApplications)
	}
	if a.filter() != nil {
		text += " that pass a filter (" + a.ApplicationFilter.Mode + ": " + a.ApplicationFilter.quoted() + ")"
	}
	return text
}
