// Package policy judges Conditional Access: the policies as Microsoft Graph
// gives them, named locations, authentication strengths, and what they do to
// the non-interactive sign-in of one account.
//
// The types round-trip: what a newer Graph adds is kept, and where it could
// matter a judgement is Unknown instead of wrong. [Judge] needs no client; a
// [Reader] collects what it needs.
package policy
