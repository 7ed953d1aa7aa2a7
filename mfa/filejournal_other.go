//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package mfa

import (
	"errors"
	"os"
)

// openLocked opens a file beside a lock file, for want of a lock that ends with the
// process. After a crash the lock file has to be deleted by hand.
func openLocked(path string) (*os.File, func() error, error) {
	lock, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, nil, errors.New("another process has it open, or ended without closing it: then delete " + path + ".lock")
	}
	if err != nil {
		return nil, nil, err
	}
	lock.Close()
	release := func() error { return os.Remove(path + ".lock") }
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, errors.Join(err, release())
	}
	return file, release, nil
}

// syncDirectory does nothing: such a system keeps the folder by itself.
func syncDirectory(*os.File) error { return nil }
