package mfa

import (
	"context"
	"iter"
	"time"
)

// SignInLogReader reads the sign-in log.
type SignInLogReader interface {
	// SignInLog streams the sign-ins of an account, the newest first. It needs
	// AuditLog.Read.All, and Policy.Read.All to tell which policies applied; a tenant
	// without Entra ID P1 gives entramfa.ErrLicense.
	SignInLog(ctx context.Context, query SignInQuery) iter.Seq2[SignInRecord, error]
}

// SignInQuery says which sign-ins.
type SignInQuery struct {
	// UserID is the object id of the account.
	UserID string
	// Since is the earliest moment; the log holds 30 days.
	Since time.Time
	// NonInteractive asks for the log of sign-ins without a person, else for the
	// interactive one. A password grant is found in the one or the other.
	NonInteractive bool
}

// SignInRecord is one sign-in, as the log of beta gives it.
// Source: https://learn.microsoft.com/graph/api/resources/signin?view=graph-rest-beta.
type SignInRecord struct {
	ID                      string          `json:"id"`
	CreatedDateTime         string          `json:"createdDateTime"`
	UserID                  string          `json:"userId"`
	UserPrincipalName       string          `json:"userPrincipalName"`
	AppID                   string          `json:"appId"`
	AppDisplayName          string          `json:"appDisplayName"`
	ClientAppUsed           string          `json:"clientAppUsed"`
	ResourceID              string          `json:"resourceId"`
	ResourceDisplayName     string          `json:"resourceDisplayName"`
	IPAddress               string          `json:"ipAddress"`
	CorrelationID           string          `json:"correlationId"`
	IsInteractive           *bool           `json:"isInteractive"`
	SignInEventTypes        []string        `json:"signInEventTypes"`
	AuthenticationProtocol  string          `json:"authenticationProtocol"`
	Status                  SignInStatus    `json:"status"`
	DeviceDetail            *DeviceDetail   `json:"deviceDetail"`
	ConditionalAccessStatus string          `json:"conditionalAccessStatus"`
	AppliedPolicies         []AppliedPolicy `json:"appliedConditionalAccessPolicies"`
	// AuthenticationRequirement is singleFactorAuthentication or
	// multiFactorAuthentication: what was required, not what was done.
	AuthenticationRequirement string              `json:"authenticationRequirement"`
	RequirementPolicies       []RequirementPolicy `json:"authenticationRequirementPolicies"`
}

// SignInStatus is how a sign-in ended; ErrorCode 0 is success, else an AADSTS number.
type SignInStatus struct {
	ErrorCode         int    `json:"errorCode"`
	FailureReason     string `json:"failureReason"`
	AdditionalDetails string `json:"additionalDetails"`
}

// DeviceDetail is from which device a sign-in came.
type DeviceDetail struct {
	DeviceID        string `json:"deviceId"`
	DisplayName     string `json:"displayName"`
	OperatingSystem string `json:"operatingSystem"`
	Browser         string `json:"browser"`
	IsCompliant     *bool  `json:"isCompliant"`
	IsManaged       *bool  `json:"isManaged"`
	TrustType       string `json:"trustType"`
}

// AppliedPolicy is what a Conditional Access policy did to a sign-in.
type AppliedPolicy struct {
	ID                    string   `json:"id"`
	DisplayName           string   `json:"displayName"`
	EnforcedGrantControls []string `json:"enforcedGrantControls"`
	// Result is success, failure, notApplied, notEnabled, or one of report-only.
	Result string `json:"result"`
}

// RequirementPolicy is who demanded MFA of a sign-in.
type RequirementPolicy struct {
	RequirementProvider string `json:"requirementProvider"`
	Detail              string `json:"detail"`
}
