package graphfake

import "slices"

// The resources as a GET sends them, from the reference of each and from the
// schema https://github.com/microsoftgraph/msgraph-metadata. Members that live
// answers of beta carry and no schema has are among the ones of beta.

var (
	filterShape = same("null", "mode", "rule")
	riskLevels  = []string{"low", "medium", "high", "hidden", "none"}
	platforms   = []string{"android", "iOS", "windows", "windowsPhone", "macOS", "all"}
	guestTypes  = []string{"none", "internalGuest", "b2bCollaborationGuest", "b2bCollaborationMember", "b2bDirectConnectUser", "otherExternalUser", "serviceProvider"}
	methodModes = []string{
		"password", "voice", "hardwareOath", "softwareOath", "sms", "fido2", "windowsHelloForBusiness",
		"microsoftAuthenticatorPush", "deviceBasedPush", "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse",
		"email", "x509CertificateSingleFactor", "x509CertificateMultiFactor", "federatedSingleFactor", "federatedMultiFactor",
	}
)

// policyShape: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy.
var policyShape = slices.Concat(
	same("null", "id", "templateId", "displayName", "createdDateTime", "modifiedDateTime", "deletedDateTime", "state"),
	same("", "description"),
	one("conditions", "null", conditionsShape),
	one("grantControls", "null", grantShape),
	one("sessionControls", "null", sessionShape),
	onlyBeta("null", "partialEnablementStrategy"),
	onlyBeta("", "networkAccessSecurity"),
)

var conditionsShape = slices.Concat(
	enum("userRiskLevels", "[]", riskLevels...),
	enum("signInRiskLevels", "[]", riskLevels...),
	enum("servicePrincipalRiskLevels", "[]", riskLevels...),
	enum("clientAppTypes", "[]", "all", "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "easSupported", "other"),
	enum("insiderRiskLevels", "null", "minor", "moderate", "elevated"),
	one("platforms", "null", slices.Concat(
		enum("includePlatforms", "[]", platforms...), enum("excludePlatforms", "[]", platforms...))),
	one("locations", "null", same("[]", "includeLocations", "excludeLocations")),
	one("devices", "null", slices.Concat(
		one("deviceFilter", "null", filterShape),
		onlyBeta("", "includeDevices", "excludeDevices", "includeDeviceStates", "excludeDeviceStates"))),
	one("clientApplications", "null", slices.Concat(
		same("[]", "includeServicePrincipals", "excludeServicePrincipals"),
		one("servicePrincipalFilter", "null", filterShape),
		onlyBeta("[]", "includeAgentIdServicePrincipals", "excludeAgentIdServicePrincipals"),
		onlyBeta("null", "agentIdServicePrincipalFilter"))),
	one("authenticationFlows", "null", slices.Concat(
		enum("transferMethods", "null", "none", "deviceCodeFlow", "authenticationTransfer"),
		onlyBeta("", "protocolFlows"))),
	one("applications", "null", slices.Concat(
		same("[]", "includeApplications", "excludeApplications", "includeUserActions", "includeAuthenticationContextClassReferences"),
		one("applicationFilter", "null", filterShape),
		onlyBeta("", "globalSecureAccess", "networkAccess"))),
	one("users", "null", slices.Concat(
		same("[]", "includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles"),
		one("includeGuestsOrExternalUsers", "null", guestsShape),
		one("excludeGuestsOrExternalUsers", "null", guestsShape))),
	onlyBeta("null", "agentIdRiskLevels", "deviceStates", "times", "clients"),
	onlyBeta("", "agents"),
)

var guestsShape = slices.Concat(
	enum("guestOrExternalUserTypes", "null", guestTypes...),
	one("externalTenants", "null", same("", "membershipKind", "members")),
)

var grantShape = slices.Concat(
	same("null", "operator"),
	enum("builtInControls", "[]", "block", "mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", "passwordChange"),
	same("[]", "customAuthenticationFactors", "termsOfUse"),
	one("authenticationStrength", "null", strengthShape),
)

// strengthShape: https://learn.microsoft.com/graph/api/resources/authenticationstrengthpolicy.
var strengthShape = slices.Concat(
	same("null", "id", "createdDateTime", "modifiedDateTime", "displayName", "description"),
	enum("policyType", "null", "builtIn", "custom"),
	enum("requirementsSatisfied", "null", "none", "mfa"),
	enum("allowedCombinations", "[]", methodModes...),
	same("[]", "combinationConfigurations"),
)

var sessionShape = slices.Concat(
	same("null", "applicationEnforcedRestrictions", "cloudAppSecurity", "persistentBrowser", "signInFrequency", "secureSignInSession", "disableResilienceDefaults"),
	onlyBeta("null", "continuousAccessEvaluation", "globalSecureAccessFilteringProfile"),
)

// locationShape: https://learn.microsoft.com/graph/api/resources/namedlocation. What only one kind has is not always sent.
var locationShape = slices.Concat(
	same("null", "id", "displayName", "createdDateTime", "modifiedDateTime", "deletedDateTime"),
	same("", "isTrusted", "ipRanges", "countriesAndRegions", "includeUnknownCountriesAndRegions"),
	enum("countryLookupMethod", "", "clientIpAddress", "authenticatorAppGps"),
	same("", "compliantNetworkType"),
)

var defaultsShape = same("null", "id", "displayName", "description", "isEnabled")

// defaultUserMembers are what Graph sends of a user without $select.
// Source: https://learn.microsoft.com/graph/api/user-get.
var defaultUserMembers = []string{
	"businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone",
	"officeLocation", "preferredLanguage", "surname", "userPrincipalName", "id",
}

// userShape: https://learn.microsoft.com/graph/api/resources/user.
var userShape = slices.Concat(
	same("[]", "businessPhones"),
	same("null", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation",
		"preferredLanguage", "surname", "userPrincipalName", "id", "accountEnabled", "userType", "creationType",
		"externalUserState", "externalUserStateChangeDateTime", "onPremisesSyncEnabled", "onPremisesImmutableId",
		"onPremisesSecurityIdentifier", "onPremisesDomainName", "onPremisesSamAccountName",
		"onPremisesUserPrincipalName", "onPremisesLastSyncDateTime", "passwordPolicies", "passwordProfile",
		"lastPasswordChangeDateTime", "createdDateTime", "deletedDateTime", "department", "companyName",
		"employeeId", "mailNickname", "usageLocation", "isResourceAccount", "securityIdentifier",
		"signInSessionsValidFromDateTime", "ageGroup", "city", "consentProvidedForMinor", "country", "employeeHireDate",
		"employeeOrgData", "employeeType", "faxNumber", "legalAgeGroupClassification", "onPremisesDistinguishedName",
		"onPremisesExtensionAttributes", "postalCode", "preferredDataLocation", "showInAddressList", "state", "streetAddress"),
	same("[]", "assignedLicenses", "assignedPlans", "identities", "imAddresses", "otherMails", "proxyAddresses",
		"onPremisesProvisioningErrors", "provisionedPlans", "serviceProvisioningErrors"),
)

// groupShape: https://learn.microsoft.com/graph/api/resources/group.
var groupShape = slices.Concat(
	same("null", "id", "deletedDateTime", "classification", "createdDateTime", "description", "displayName",
		"expirationDateTime"),
	same("[]", "groupTypes"),
	same("null", "isAssignableToRole", "mail", "mailEnabled", "mailNickname", "membershipRule",
		"membershipRuleProcessingState", "onPremisesLastSyncDateTime", "onPremisesSecurityIdentifier",
		"onPremisesSyncEnabled", "preferredDataLocation", "preferredLanguage"),
	same("[]", "proxyAddresses"),
	same("null", "renewedDateTime", "securityEnabled", "securityIdentifier", "theme", "visibility"),
)

var directoryRoleShape = same("null", "id", "deletedDateTime", "description", "displayName", "roleTemplateId")

var (
	methodShape      = same("", "id", "createdDateTime", "phoneNumber", "phoneType", "smsSignInState", "displayName", "deviceTag", "phoneAppVersion", "password", "emailAddress", "aaGuid", "model")
	requirementShape = enum("perUserMfaState", "null", "disabled", "enforced", "enabled")
	skuShape         = same("null", "accountName", "accountId", "appliesTo", "capabilityStatus", "consumedUnits", "id", "skuId", "skuPartNumber", "prepaidUnits", "servicePlans", "subscriptionIds")
	domainShape      = same("null", "authenticationType", "availabilityStatus", "id", "isAdminManaged", "isDefault", "isInitial", "isRoot", "isVerified", "passwordNotificationWindowInDays", "passwordValidityPeriodInDays", "state", "supportedServices")
	tenantShape      = same("null", "id", "deletedDateTime", "displayName", "createdDateTime", "countryLetterCode", "tenantType", "onPremisesSyncEnabled", "verifiedDomains", "assignedPlans", "technicalNotificationMails")
)

// roleAssignmentShape: https://learn.microsoft.com/graph/api/resources/unifiedroleassignment.
var roleAssignmentShape = same("null", "id", "principalId", "roleDefinitionId", "directoryScopeId", "appScopeId")

// instanceShape: https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance.
var instanceShape = slices.Concat(
	roleAssignmentShape,
	same("null", "startDateTime", "endDateTime", "memberType"),
)

// definitionShape: https://learn.microsoft.com/graph/api/resources/unifiedroledefinition.
var definitionShape = slices.Concat(
	same("null", "id", "description", "displayName", "isBuiltIn", "isEnabled", "templateId", "version"),
	same("[]", "resourceScopes", "rolePermissions", "inheritsPermissionsFrom"),
)
