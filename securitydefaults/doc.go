// Package securitydefaults judges Microsoft Entra's security defaults: the
// switch, what it does to one account, and whether the tenant is licensed to put
// Conditional Access in its place.
//
// Security defaults know no exclusion. An account that they stop is freed by
// replacing them or by replacing the account; this package says which of the
// two is open. [Disable] switches them off for everybody.
package securitydefaults
