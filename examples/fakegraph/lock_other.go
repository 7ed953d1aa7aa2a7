//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package main

import (
	"errors"
	"fmt"
	"os"
)

// lock makes a file that must not be there, for want of a lock that ends with the
// process. After a crash it has to be deleted by hand.
func lock(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("%w, or ended without giving it back: then delete %s", errLocked, path)
	}
	if err != nil {
		return nil, err
	}
	file.Close()
	return func() { os.Remove(path) }, nil
}

// syncFolder does nothing: such a system keeps the folder by itself.
func syncFolder(string) error { return nil }
