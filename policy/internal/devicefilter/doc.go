// Package devicefilter is the rule language of the condition "filter for
// devices" of Conditional Access, as in
//
//	device.isCompliant -ne True -or device.trustType -ne "ServerAD"
//
// The properties, their values and what happens to an unregistered device are
// those of https://learn.microsoft.com/entra/identity/conditional-access/concept-condition-filters-for-devices.
// For the syntax that page refers to the rules for dynamic membership groups,
// https://learn.microsoft.com/entra/identity/users/groups-dynamic-membership:
// precedence, escapes, null, operators with or without the hyphen.
//
// A rule that the service took may say more than these pages do. Where they
// don't say what it means, [Rule.Match] says [Unknown]. The operators that only
// groups have (-match, -any, -all, -le, -ge) are refused by [Parse].
package devicefilter
