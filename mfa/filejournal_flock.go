//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package mfa

import (
	"errors"
	"os"
	"syscall"
)

// openLocked opens a file that no other process has open in the same way. The
// system gives the lock back when the process ends, however it ends.
func openLocked(path string) (*os.File, func() error, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, nil, errors.New("another process has it open: one plan is applied at a time")
		}
		return nil, nil, err
	}
	return file, func() error { return nil }, nil
}

func syncDirectory(folder *os.File) error { return folder.Sync() }
