// Package mfa gives the whole answer for one account: what stands between it
// and its non-interactive sign-in, over security defaults, Conditional Access,
// per-user MFA and Microsoft's mandatory MFA.
//
// [Check] collects and judges; [Collect] and [Judge] are its two halves, for a
// product that stores the facts, or has them already.
package mfa
