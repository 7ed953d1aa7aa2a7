package graphfake

import (
	"path"
	"slices"
	"strings"

	"github.com/entramfa/entramfa/policy"
)

// kind is what an object of an export is.
type kind string

const (
	kindPolicy       kind = "Conditional Access policy"
	kindLocation     kind = "named location"
	kindStrength     kind = "authentication strength"
	kindDefaults     kind = "security defaults policy"
	kindUser         kind = "user"
	kindGroup        kind = "group"
	kindSKU          kind = "subscribed SKU"
	kindOrganization kind = "organization"
	kindDomain       kind = "domain"
	kindAssignment   kind = "role assignment"
	kindEligibility  kind = "role eligibility"
	kindRequirements kind = "per-user MFA state"
	kindMethod       kind = "authentication method"
	kindMigration    kind = "migration table"
)

// kindsByType: @odata.type, folded.
var kindsByType = map[string]kind{
	"#microsoft.graph.conditionalaccesspolicy":                   kindPolicy,
	fold(policy.IPNamedLocation):                                 kindLocation,
	fold(policy.CountryNamedLocation):                            kindLocation,
	fold(policy.CompliantNetworkNamedLocation):                   kindLocation,
	"#microsoft.graph.authenticationstrengthpolicy":              kindStrength,
	"#microsoft.graph.identitysecuritydefaultsenforcementpolicy": kindDefaults,
	userType:                                 kindUser,
	"#microsoft.graph.agentuser":             kindUser,
	groupType:                                kindGroup,
	"#microsoft.graph.subscribedsku":         kindSKU,
	"#microsoft.graph.organization":          kindOrganization,
	"#microsoft.graph.domain":                kindDomain,
	"#microsoft.graph.unifiedroleassignment": kindAssignment,
	"#microsoft.graph.unifiedroleeligibilityscheduleinstance": kindEligibility,
	"#microsoft.graph.strongauthenticationrequirements":       kindRequirements,
}

// kindsByContext: what follows $metadata# in @odata.context, folded, without
// the selected members and /$entity.
var kindsByContext = map[string]kind{
	"identity/conditionalaccess/policies":                        kindPolicy,
	"conditionalaccess/policies":                                 kindPolicy,
	"policies/conditionalaccesspolicies":                         kindPolicy,
	"identity/conditionalaccess/namedlocations":                  kindLocation,
	"conditionalaccess/namedlocations":                           kindLocation,
	"identity/conditionalaccess/authenticationstrength/policies": kindStrength,
	"policies/authenticationstrengthpolicies":                    kindStrength,
	"policies/identitysecuritydefaultsenforcementpolicy":         kindDefaults,
	"users":          kindUser,
	"groups":         kindGroup,
	"subscribedskus": kindSKU,
	"organization":   kindOrganization,
	"domains":        kindDomain,
	"rolemanagement/directory/roleassignments":                  kindAssignment,
	"rolemanagement/directory/roleeligibilityscheduleinstances": kindEligibility,
}

// kindsByFolder: names of folders and files, folded, without spaces.
var kindsByFolder = map[string]kind{
	"conditionalaccess":                         kindPolicy,
	"conditionalaccesspolicies":                 kindPolicy,
	"policies":                                  kindPolicy,
	"namedlocations":                            kindLocation,
	"authenticationstrengths":                   kindStrength,
	"authenticationstrength":                    kindStrength,
	"authenticationstrengthpolicies":            kindStrength,
	"securitydefaults":                          kindDefaults,
	"identitysecuritydefaultsenforcementpolicy": kindDefaults,
	"users":                            kindUser,
	"groups":                           kindGroup,
	"subscribedskus":                   kindSKU,
	"organization":                     kindOrganization,
	"domains":                          kindDomain,
	"roleassignments":                  kindAssignment,
	"roleeligibilityscheduleinstances": kindEligibility,
}

// origin is what a file says about all the objects in it.
type origin struct {
	file    string
	context string // after $metadata#, folded
	owner   string // the key in users('key'), as written
	told    bool   // there is a context
}

// newOrigin reads the context of a file: the key of a user in it is kept apart.
func newOrigin(file, context string) origin {
	o := origin{file: file, told: context != ""}
	_, rest, _ := strings.Cut(context, "$metadata#")
	rest = strings.TrimSuffix(rest, "/$entity")
	if before, after, ok := strings.Cut(rest, "('"); ok {
		key, tail, _ := strings.Cut(after, "')")
		o.owner, rest = strings.ReplaceAll(key, "%40", "@"), before+tail
	}
	rest, _, _ = strings.Cut(rest, "(")
	o.context = fold(rest)
	return o
}

// context returns what an answer says of itself; older ones say it without @.
func (o object) context() string {
	for _, name := range []string{"@odata.context", "@context", "odata.context", "odata.metadata"} {
		if text := o.text(name); text != "" {
			return text
		}
	}
	return ""
}

// kindOf recognizes an object: by its own annotations, by the context of the
// file, by the folder, by its shape; "" where none of them says.
func (o origin) kindOf(found object) kind {
	if k, ok := kindsByType[typeName(found.text("@odata.type"))]; ok {
		return k
	}
	if context := found.context(); context != "" {
		o.context = newOrigin(o.file, context).context
	}
	if k := o.contextKind(); k != "" {
		return k
	}
	if k := o.folderKind(); k != "" && k.fits(found) {
		return k
	}
	for _, k := range kindsByShape {
		if k.fits(found) {
			return k
		}
	}
	return ""
}

func (o origin) contextKind() kind {
	switch o.context {
	case "users/authentication/requirements":
		return kindRequirements
	case "users/authentication/methods":
		return kindMethod
	}
	return kindsByContext[o.context]
}

// folderKind asks the name of the file, then the folders, the nearest first.
func (o origin) folderKind() kind {
	name := strings.TrimSuffix(o.file, path.Ext(o.file))
	for ; name != "." && name != "/"; name = path.Dir(name) {
		if k, ok := kindsByFolder[fold(strings.ReplaceAll(path.Base(name), " ", ""))]; ok {
			return k
		}
	}
	return ""
}

// emptyKind tells of what an empty list has none. The next known folder is not
// enough: a list of something else in it would say that there are no policies.
func (o origin) emptyKind() kind {
	if o.told {
		return o.contextKind()
	}
	return o.nameKind()
}

// Names in which an empty list is not what a folder above it says.
var (
	// vague names are those of more than one kind.
	vague = map[string]bool{"policies": true, "authenticationstrength": true}
	// plain names of files say nothing of their own.
	plain = map[string]bool{"none": true, "empty": true, "list": true, "all": true, "index": true}
	// foreign folders hold other things under the names that are known here.
	foreign = map[string]bool{
		"intune": true, "devicemanagement": true, "deviceappmanagement": true, "devices": true, "azure": true,
		"exchange": true, "entitlementmanagement": true, "identitygovernance": true, "cloudpc": true,
		"deleteditems": true, "deleted": true, "templates": true, "applications": true, "serviceprincipals": true,
		"administrativeunits": true, "users": true, "groups": true,
	}
)

// nameKind is the kind that the name of the file names, or of the folder that it is in
// where its own says nothing; "" where either may mean something else.
func (o origin) nameKind() kind {
	parts := strings.Split(strings.TrimSuffix(fold(strings.ReplaceAll(o.file, " ", "")), ".json"), "/")
	name, folders := parts[len(parts)-1], parts[:len(parts)-1]
	folder := path.Base(path.Join(folders...))
	if slices.ContainsFunc(folders[:max(0, len(folders)-1)], isForeign) || isForeign(folder) && !plain[name] {
		return ""
	}
	switch {
	case folder == "conditionalaccess" && name == "policies":
		return kindPolicy
	case plain[name] && !vague[folder]:
		return kindsByFolder[folder]
	case vague[name]:
		return ""
	}
	return kindsByFolder[name]
}

func isForeign(folder string) bool { return foreign[folder] }

// typeName is @odata.type as the tables here have it: exports write it without #,
// in any case, and with the namespace of beta.
func typeName(text string) string {
	name := fold(strings.TrimSpace(text))
	if name == "" {
		return ""
	}
	return "#" + strings.Replace(strings.TrimPrefix(name, "#"), "microsoft.graph.beta.", "microsoft.graph.", 1)
}

// notGroups are the kinds of objects in which memberOf or members may hold, besides users and groups.
var notGroups = map[string]bool{
	fold(directoryRoleType): true, "#microsoft.graph.administrativeunit": true, "#microsoft.graph.serviceprincipal": true,
	"#microsoft.graph.device": true, "#microsoft.graph.orgcontact": true,
}

// kindsByShape are tried in this order where nothing else tells.
var kindsByShape = []kind{
	kindMigration, kindPolicy, kindLocation, kindStrength, kindUser, kindEligibility, kindAssignment,
	kindSKU, kindOrganization, kindDomain, kindGroup,
}

// fits says whether an object has the members by which its kind is known.
func (k kind) fits(o object) bool {
	has := func(name string) bool { return o.get(name) != nil }
	switch k {
	case kindPolicy:
		return has("conditions") && (has("state") || has("grantControls") || has("sessionControls"))
	case kindLocation:
		return has("ipRanges") || has("countriesAndRegions") || has("compliantNetworkType")
	case kindStrength:
		return has("allowedCombinations")
	case kindDefaults:
		return has("isEnabled") && !has("conditions")
	case kindUser:
		return has("userPrincipalName")
	case kindGroup:
		return !has("userPrincipalName") && (has("securityEnabled") || has("groupTypes") || has("mailEnabled") || has("isAssignableToRole") || has("members"))
	case kindSKU:
		return has("skuId") || has("servicePlans")
	case kindOrganization:
		return has("verifiedDomains")
	case kindDomain:
		return has("authenticationType")
	case kindAssignment:
		return has("principalId") && has("roleDefinitionId") && !has("assignmentType")
	case kindEligibility:
		return has("principalId") && has("roleDefinitionId") && has("roleEligibilityScheduleId")
	case kindMigration:
		return has("tenantId") && has("objects")
	}
	return false
}
