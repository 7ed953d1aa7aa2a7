// Package sdktest holds the tests of msgraph that drive the real client:
// msgraph-sdk-go and azidentity, as a program uses them, over TLS against
// graphfake. They stand in a package of their own because compiling
// msgraph-sdk-go takes minutes and gigabytes when nothing is cached; nothing
// imports this package.
package sdktest
