// Package msgraph reads and changes a Microsoft Entra tenant through Microsoft
// Graph. Its [Client] is the mfa.Enroller, and so the mfa.ReadWriter, and the
// policy.DirectoryReader of a real tenant.
//
// Who has a GraphServiceClient of msgraph-sdk-go passes its request adapter and
// keeps its credentials, proxy and tracing:
//
//	reader := msgraph.New(client.GetAdapter(), nil)
//
// Who has only a credential uses [Connect].
//
// The package decodes Graph's JSON itself and imports no model of
// msgraph-sdk-go: those read an enumeration value that they don't know as the
// first one of the enumeration, which turns a policy's riskRemediation into
// block, and they take minutes to compile.
//
// # What it promises
//
//   - A list comes whole, over all its pages, or as an error: so is an item
//     without its key, fewer items than the count, a page beyond 16 MB. What is
//     streamed, the accounts of a tenant or of a group, holds one page at a time and
//     ends with the same errors.
//   - Reads that were announced by [Client.Together] travel together: one JSON
//     batch for v1.0, one for beta, at the same time.
//   - A throttled request is repeated after the time that Graph asks for, alone,
//     and where Graph asks for none after a growing time from one second on; all
//     of it within [Options] and the context.
//   - An error is an *entramfa.GraphError for errors.As, with a kind for
//     errors.Is. A 403 names the permissions of which one was missing.
//   - A token goes to the host of the base URL and nowhere else: redirects are
//     not followed, and a next link to another host or another list is an error.
//   - No error shows what looks like a token, a client secret or a password. The
//     passwords and phone numbers of an enrolment go into the body of one request;
//     whatever comes back, they are hidden in all their spellings, and no cause of
//     such an error is kept but for errors.Is.
//   - A change is sent once, alone, and again only to answer a claims challenge. After
//     a 429 it did nothing: wait, and read again before it is sent again, for somebody
//     else may have changed the same list. Behind a 5xx, a broken answer or none, the
//     error says that it is open whether the change was made, and is
//     entramfa.ErrUnavailable.
//
// It doesn't see policies that the tenant hides from the
// caller, nor the trusted addresses of the legacy MFA settings, which no API shows.
package msgraph
