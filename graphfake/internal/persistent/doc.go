// Package persistent holds collections that are never changed: what adds or removes
// returns another collection, which shares with the first all that is the same. A
// copy is an assignment, and costs as little for a million entries as for none.
package persistent
