// Package entramfa is about one question: does MFA stand between a Microsoft
// 365 connection account and its sign-in, and through what?
//
// Products that manage or protect Microsoft 365 run on such an account: a
// directory administration suite, a cloud security scanner. It signs in by
// itself, with a password, while nobody sits in front of it. Two procedures
// come with it.
//
// # Exempt the account
//
// The account must sign in unattended, and something in the tenant demands a
// second factor, which nobody is there to give. That something is one of, or
// all of:
//
//   - Conditional Access policies: those that the tenant's administrators made,
//     those that Microsoft put there, those of an older time;
//   - security defaults, the switch that protects a tenant without a licence for
//     Conditional Access, and that knows no exclusion;
//   - the legacy per-user MFA state, which is set on the account itself and
//     which neither of the others shows;
//   - Microsoft's mandatory MFA for its admin portals and for Azure, from which
//     nobody is exempt.
//
// An administrator finds out which by walking through several portals, excludes
// the account from each, and hopes. Package mfa answers in one call, for all of
// them at once, with the reason: mfa.Check. Then it lifts what can be lifted:
//
//   - mfa.PlanExemption plans the smallest set of changes, and says what can't be
//     lifted, whom else it touches, and how each change is undone;
//   - mfa.Apply makes them, with a journal; mfa.Verify shows that they are in
//     effect; mfa.Rollback undoes them exactly;
//   - mfa.SignIns and mfa.Probe are the evidence: what the sign-in log says of the
//     account, and its own sign-in.
//
// # Enrol the account
//
// Or a rule says that the account must have MFA, as Microsoft asks of its
// partners. Then it is found by its display name, gets a phone and a new
// password, is enabled for per-user MFA, completes the registration, and, once,
// gave the product an app password. Today app passwords open next to nothing
// (not SharePoint since May 2026), so an account that is enrolled no longer signs
// in unattended: the report says so, and the way on is an app registration with
// a certificate.
//
// # What this package holds
//
// Only the words that the others share: [Outcome] and [Extent], [Finding] and
// [Verdict], [Value], and the errors. The zero of each is the careful one: an
// outcome that nobody set is Unknown, and so is a fact that nobody read. And
// [Change], which is one change of a tenant, planned or made.
//
//   - policy judges Conditional Access,
//   - securitydefaults judges security defaults,
//   - mfa judges the rest, gives the whole answer for one account, and exempts it,
//   - msgraph reads and changes a real tenant through Microsoft Graph,
//   - graphfake is a tenant in memory, for tests.
package entramfa
