package graphfake

import "slices"

// applicationShape: https://learn.microsoft.com/graph/api/resources/application.
var applicationShape = slices.Concat(
	same("null", "id", "deletedDateTime", "appId", "applicationTemplateId", "disabledByMicrosoftStatus", "createdDateTime",
		"displayName", "description", "groupMembershipClaims"),
	same("[]", "identifierUris"),
	same("null", "isDeviceOnlyAuthSupported", "isFallbackPublicClient", "nativeAuthenticationApisEnabled", "notes", "publisherDomain",
		"serviceManagementReference", "signInAudience"),
	same("[]", "tags"),
	same("null", "tokenEncryptionKeyId", "uniqueName", "samlMetadataUrl", "defaultRedirectUri", "certification", "optionalClaims",
		"servicePrincipalLockConfiguration", "requestSignatureVerification"),
	same("[]", "addIns"),
	same(`{"acceptMappedClaims":null,"knownClientApplications":[],"requestedAccessTokenVersion":null,"oauth2PermissionScopes":[],"preAuthorizedApplications":[]}`, "api"),
	same("[]", "appRoles"),
	same(`{"logoUrl":null,"marketingUrl":null,"privacyStatementUrl":null,"supportUrl":null,"termsOfServiceUrl":null}`, "info"),
	same("[]", "keyCredentials"),
	same(`{"countriesBlockedForMinors":[],"legalAgeGroupRule":"Allow"}`, "parentalControlSettings"),
	same("[]", "passwordCredentials"),
	same(`{"redirectUris":[]}`, "publicClient"),
	same("[]", "requiredResourceAccess"),
	same(`{"displayName":null,"verifiedPublisherId":null,"addedDateTime":null}`, "verifiedPublisher"),
	same(`{"homePageUrl":null,"logoutUrl":null,"redirectUris":[],"implicitGrantSettings":{"enableAccessTokenIssuance":false,"enableIdTokenIssuance":false},"redirectUriSettings":[]}`, "web"),
	same(`{"redirectUris":[]}`, "spa"),
)

// principalShape: https://learn.microsoft.com/graph/api/resources/serviceprincipal.
var principalShape = slices.Concat(
	same("null", "id", "deletedDateTime", "accountEnabled"),
	same("[]", "alternativeNames"),
	same("null", "appDisplayName", "appDescription", "appId", "applicationTemplateId", "appOwnerOrganizationId", "appRoleAssignmentRequired",
		"createdDateTime", "description", "disabledByMicrosoftStatus", "displayName", "homepage", "loginUrl", "logoutUrl", "notes"),
	same("[]", "notificationEmailAddresses"),
	same("null", "preferredSingleSignOnMode", "preferredTokenSigningKeyThumbprint"),
	same("[]", "replyUrls", "servicePrincipalNames"),
	same("null", "servicePrincipalType", "signInAudience"),
	same("[]", "tags"),
	same("null", "tokenEncryptionKeyId", "samlSingleSignOnSettings"),
	same("[]", "addIns", "appRoles"),
	same(`{"logoUrl":null,"marketingUrl":null,"privacyStatementUrl":null,"supportUrl":null,"termsOfServiceUrl":null}`, "info"),
	same("[]", "keyCredentials", "oauth2PermissionScopes", "passwordCredentials", "resourceSpecificApplicationPermissions"),
	same(`{"displayName":null,"verifiedPublisherId":null,"addedDateTime":null}`, "verifiedPublisher"),
)

// roleGrantShape: https://learn.microsoft.com/graph/api/resources/approleassignment.
var roleGrantShape = same("null", "id", "deletedDateTime", "appRoleId", "createdDateTime", "principalDisplayName", "principalId", "principalType",
	"resourceDisplayName", "resourceId")
