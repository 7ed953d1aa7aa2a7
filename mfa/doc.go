// Package mfa gives the whole answer for one account: what stands between it
// and its non-interactive sign-in, over security defaults, Conditional Access,
// per-user MFA and Microsoft's mandatory MFA. And it exempts the account.
//
// [Check] collects and judges; [Collect] and [Judge] are its two halves, for a
// product that stores the facts, or has them already. A [Reader] is enough for
// these: nothing is changed.
//
// # Exempt the account
//
// [PlanExemption] turns a report into a [Plan], and does no I/O: the changes after
// which Check is clear, each with its reason and how it is undone; what can't be
// lifted, and what to do instead; whom else it touches, with the proof. It refuses
// what would do harm ([RefusedError]). A plan is a value: it can be stored as JSON,
// reviewed, and applied by another process.
//
// A [ReadWriter] changes the tenant. [Apply] makes the changes one after the other
// and notes each in a [Journal] before and after ([OpenJournal]), so that what was
// stopped is gone on with, or undone. [Verify] shows in three ways whether they are
// in effect: by Graph, by Microsoft's What If, by a sign-in. [Rollback] undoes them
// in the reverse order, and refuses where somebody else changed the same thing since.
//
// # Evidence
//
// [SignIns] says what the sign-in log knows of the account: who demanded MFA, which
// policies refused it, whether a person uses it. [Probe] signs it in once, with its
// password. [Report.WithEvidence] puts them beside the verdict and lists where they
// disagree.
package mfa
