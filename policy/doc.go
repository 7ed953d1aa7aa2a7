// Package policy judges Conditional Access: the policies as Microsoft Graph
// gives them, named locations, authentication strengths, and what they do to
// the non-interactive sign-in of one account, or of all.
//
// [Judge] gives a finding for each policy, [Decide] what they do together. Who
// asks often calls [Prepare]: [Account] then answers for one account, with reasons
// by [Account.Explain], [Prepared.Sweep] for every account of a [Directory], and
// [Diff] says whose outcome changes between two states.
//
// [Exclude] and [Include] change one policy. [SecurityDefaultsReplacements],
// [PinToAddresses] and [PinToApplications] make policies to create, and [Touches]
// says whom a change can touch.
//
// The types round-trip: what a newer Graph adds is kept, and where it could
// matter a judgement is Unknown instead of wrong. None of them needs a client; a
// [Reader] collects what they need.
package policy
