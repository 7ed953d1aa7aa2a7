package mfa

import "github.com/entramfa/entramfa"

// refusalClass says what a group of the sign-in service's numbers means for the
// question whether MFA stands in the way.
type refusalClass struct {
	outcome entramfa.Outcome
	// sources can give such an answer; several where the number doesn't say which.
	sources []entramfa.Source
	// text says what the answer means, or, of an Unknown one, why it proves nothing.
	text   string
	advice entramfa.Advice
}

// aadsts is one number of the sign-in service.
type aadsts struct {
	class *refusalClass
	// accepted says whether the password was right: such an answer is given only after
	// the first factor was accepted, or because it was not. nil tells nothing.
	accepted *bool
	meaning  string
}

// anyMFA are the sources that may ask for a second factor by the same number.
var anyMFA = []entramfa.Source{
	entramfa.SourceConditionalAccess, entramfa.SourcePerUserMFA, entramfa.SourceSecurityDefaults, entramfa.SourceMandatoryMFA,
}

var byPolicy = []entramfa.Source{entramfa.SourceConditionalAccess}

// What the numbers are about.
var (
	classMFA = refusalClass{entramfa.MFA, anyMFA, "a second factor is demanded",
		entramfa.Advice{Action: entramfa.ActionReview, Text: "see in the findings which source demands it; where none does, in the sign-in log"}}
	classExternal = unmet("a custom control, an external MFA provider or terms of use are demanded")
	classDevice   = unmet("a registered device is demanded, which a password grant can't show")
	classApp      = unmet("an approved or protected app is demanded, which no unattended program is")
	classBlock    = refusalClass{entramfa.Blocked, byPolicy, "a Conditional Access policy refuses the sign-in",
		entramfa.Advice{Action: entramfa.ActionExclude, Text: "exclude the account from the policy that refuses it"}}
	classRisk = refusalClass{entramfa.Blocked, []entramfa.Source{SourceIdentityProtection}, "the sign-in is refused because of risk",
		entramfa.Advice{Action: entramfa.ActionReview, Text: "look at the account among the risky users; risk is no matter of an exclusion"}}
	classDefaults = refusalClass{entramfa.Blocked, []entramfa.Source{entramfa.SourceSecurityDefaults}, "security defaults refuse the sign-in",
		entramfa.Advice{Action: entramfa.ActionReplaceSecurityDefaults, Text: "security defaults exclude nobody: replace them by Conditional Access policies, or use a modern client"}}
	classChange = refusalClass{entramfa.MFA, byPolicy, "a new password is demanded because of risk",
		entramfa.Advice{Action: entramfa.ActionReview, Text: "look at the account among the risky users, and change its password"}}
	classDisabled = refusalClass{entramfa.Blocked, []entramfa.Source{entramfa.SourceAccount}, "the account is disabled",
		entramfa.Advice{Action: entramfa.ActionEnable, Text: "enable the account, if it is meant to sign in"}}
	classForeign = refusalClass{entramfa.Blocked, []entramfa.Source{entramfa.SourceAccount}, "the account belongs to another tenant or identity provider; a password grant does not work for it",
		entramfa.Advice{Action: entramfa.ActionUseApplication, Text: "use an app registration with a certificate, or an account of the tenant itself"}}

	classPassword = nothing("the password was not accepted, so that what stands behind it was not asked",
		"give the right password; every wrong one counts towards the lockout of the account")
	classNoAccount = nothing("no such account: nothing was asked of it",
		"check the user principal name and the tenant")
	classLockout = nothing("the account is locked out, or the address is known as malicious: nothing else was asked",
		"wait until the lockout has passed; the sign-in log says which it is")
	classExpired = nothing("the password has expired or must be changed before anything else is asked",
		"set a new password that doesn't have to be changed, and let it not expire")
	classClient = nothing("the program was refused, not the account",
		"check the client id: it must be a public client that the tenant allows")
	classConsent = nothing("the program has no consent for the resource; whether MFA is demanded does not follow",
		"let an administrator consent to the program's permissions, or name the client that the account really uses")
	classRequest = nothing("the request was refused before the account was looked at",
		"check the resource, the client id and the tenant")
	classTransient = refusalClass{text: "the service could not answer",
		advice: entramfa.Advice{Action: entramfa.ActionCheckAgain, Text: "try once more later"}}
	classSession = nothing("it is about a session or a refresh token, not about a password",
		"sign in anew")
	classHybrid = nothing("the password is checked on-premises, and that check did not answer",
		"see whether the pass-through agents run")
	classMixed = nothing("Conditional Access refused it for one of several reasons",
		"see in the sign-in log which policy refused it")
	classInterrupt = nothing("the service wanted to show a page, which is neither a success nor a demand for MFA",
		"let a person sign in once with a browser")
)

// unmet makes a class of what a policy demands and a password grant can't give.
func unmet(text string) refusalClass {
	return refusalClass{entramfa.MFA, byPolicy, text,
		entramfa.Advice{Action: entramfa.ActionExclude, Text: "exclude the account from the policy that demands it"}}
}

// nothing makes a class that proves nothing about MFA.
func nothing(text, advice string) refusalClass {
	return refusalClass{text: text, advice: entramfa.Advice{Action: entramfa.ActionReview, Text: advice}}
}

var (
	accepted = new(true)
	refused  = new(false)
)

// aadstsCodes says what the numbers of the sign-in service mean for a password
// grant. Microsoft reserves the right to change them: one that isn't here is Unknown.
// Whether the password was accepted is told by when a number is given: Conditional
// Access and per-user MFA are judged after the first factor.
//
// Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes,
// but for 53009 and 500121, which https://login.microsoftonline.com/error explains.
var aadstsCodes = map[int]aadsts{
	50072:  {&classMFA, accepted, "a second factor has to be registered first"},
	50074:  {&classMFA, accepted, "a second factor is needed, and the challenge was not passed"},
	50076:  {&classMFA, accepted, "a second factor is needed now"},
	50078:  {&classMFA, accepted, "the earlier second factor is too old"},
	50079:  {&classMFA, accepted, "a second factor is needed, and none is registered"},
	53004:  {&classMFA, accepted, "a second factor has to be registered, which is refused because of risk"},
	53010:  {&classMFA, accepted, "a second factor has to be registered, which is allowed from given places alone"},
	500121: {&classMFA, accepted, "the second factor was asked for and not given"},

	50158: {&classExternal, accepted, "an external challenge was not satisfied"},
	50161: {&classExternal, accepted, "the external provider did not answer what was asked"},

	50005: {&classDevice, nil, "Conditional Access does not support the device's platform"},
	50097: {&classDevice, accepted, "device authentication is required"},
	50155: {&classDevice, nil, "device authentication failed"},
	50187: {&classDevice, nil, "device authentication could not be made"},
	53000: {&classDevice, accepted, "a compliant device is required"},
	53001: {&classDevice, accepted, "a hybrid-joined device is required"},
	53002: {&classApp, accepted, "an approved app is required"},
	53009: {&classApp, accepted, "an app under Intune's protection is required"},

	53003:  {&classBlock, accepted, "access was blocked by Conditional Access"},
	530032: {&classBlock, accepted, "a security policy of the tenant blocks it"},
	53011:  {&classRisk, accepted, "blocked because of risk in the home tenant"},
	530034: {&classRisk, accepted, "a partner's administrator was blocked because of risk"},
	530035: {&classDefaults, nil, "blocked by security defaults"},
	50135:  {&classChange, accepted, "a new password is demanded because of risk"},
	50131:  {&classMixed, nil, "one of several Conditional Access failures"},

	50057: {&classDisabled, nil, "the account is disabled"},
	50020: {&classForeign, nil, "the account is of another identity provider"},
	90072: {&classForeign, nil, "the external account does not exist in the tenant"},

	50034: {&classNoAccount, refused, "no such account in the tenant"},
	50053: {&classLockout, nil, "locked out, or a malicious address"},
	50055: {&classExpired, accepted, "the password has expired"},
	50144: {&classExpired, nil, "the on-premises password has expired"},
	50056: {&classPassword, refused, "no password is stored for the account"},
	50064: {&classPassword, refused, "the credential could not be validated"},
	50126: {&classPassword, refused, "wrong user name or password"},

	50125: {&classInterrupt, accepted, "registration for password reset is asked for"},
	50140: {&classInterrupt, accepted, "the page that asks to stay signed in"},
	50199: {&classInterrupt, accepted, "a page that asks for confirmation"},

	50105: {&classConsent, accepted, "the application wants an assignment that the account has not"},
	65001: {&classConsent, accepted, "no consent for this application and resource"},
	65002: {&classConsent, nil, "a Microsoft application that isn't authorised for the resource"},
	65004: {&classConsent, accepted, "consent was declined"},
	90094: {&classConsent, accepted, "an administrator has to consent"},

	70001:   {&classClient, nil, "the application is disabled"},
	70002:   {&classClient, nil, "client credentials not valid"},
	650057:  {&classClient, nil, "the application did not register permissions for the resource"},
	700016:  {&classClient, nil, "application not found in the tenant"},
	700020:  {&classClient, nil, "the grant needs interaction"},
	700025:  {&classClient, nil, "a public client sent a secret"},
	700027:  {&classClient, nil, "the client assertion is not valid"},
	7000112: {&classClient, nil, "the application is disabled"},
	7000215: {&classClient, nil, "wrong client secret"},
	7000218: {&classClient, nil, "the application allows no public client flows"},
	7000222: {&classClient, nil, "the client secret has expired"},

	50001:   {&classRequest, nil, "the resource is disabled or absent"},
	50059:   {&classRequest, nil, "no tenant can be told from the request"},
	50128:   {&classRequest, nil, "the domain name is not valid"},
	70011:   {&classRequest, nil, "the scope is not valid"},
	90002:   {&classRequest, nil, "tenant not found, or the wrong cloud"},
	90014:   {&classRequest, nil, "a field is missing"},
	90038:   {&classRequest, nil, "the tenant lives in another cloud"},
	500011:  {&classRequest, nil, "the resource is not known in the tenant"},
	500212:  {&classRequest, nil, "the outbound cross-tenant policy refuses"},
	500213:  {&classRequest, nil, "the inbound cross-tenant policy refuses"},
	700022:  {&classRequest, nil, "scopes of more than one resource"},
	900144:  {&classRequest, nil, "a parameter is missing"},
	9001023: {&classRequest, nil, "the grant is not allowed on /common or /consumers"},

	50033: {&classTransient, nil, "a passing failure"},
	50087: {&classTransient, nil, "a passing failure of strong authentication"},
	50088: {&classTransient, nil, "the limit of MFA calls by telephone is reached"},
	50196: {&classTransient, nil, "too many identical requests"},
	90006: {&classTransient, nil, "the service is unavailable"},
	90012: {&classTransient, nil, "the request timed out"},
	90024: {&classTransient, nil, "a passing failure"},
	90033: {&classTransient, nil, "the directory is unavailable"},
	90055: {&classTransient, nil, "too many requests for the tenant"},

	50132:  {&classSession, nil, "the session is not valid any more"},
	50133:  {&classSession, nil, "the session is not valid any more"},
	50173:  {&classSession, nil, "the grant was revoked"},
	70000:  {&classSession, nil, "the refresh token is not valid"},
	70008:  {&classSession, nil, "the refresh token went unused for too long"},
	70043:  {&classSession, nil, "the refresh token is older than the sign-in frequency"},
	700082: {&classSession, nil, "the refresh token went unused for too long"},
	700084: {&classSession, nil, "the refresh token is at the end of its life"},

	80001:  {&classHybrid, nil, "the agent can't reach the on-premises directory"},
	80002:  {&classHybrid, nil, "the on-premises check timed out"},
	80005:  {&classHybrid, nil, "the on-premises check gave an unknown answer"},
	80007:  {&classHybrid, nil, "the agent could not check the password"},
	80012:  {&classHybrid, nil, "outside the logon hours set on-premises"},
	80013:  {&classHybrid, nil, "the clocks of agent and directory differ"},
	80014:  {&classHybrid, nil, "the on-premises check came too late"},
	120002: {&classExpired, nil, "the new password is too weak"},
	120012: {&classExpired, nil, "the password has to be changed on-premises"},
}
