package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/entramfa/entramfa/examples/internal/open"
	"github.com/entramfa/entramfa/graphfake"
)

// stateFile keeps a tenant between two runs. It is this program's alone until it is
// released. A file beside it is locked, for it is itself replaced when it is written.
type stateFile struct {
	path    string
	release func()
}

func openState(path string) (*stateFile, error) {
	whole, err := filepath.Abs(path)
	if err == nil {
		if real, wrong := filepath.EvalSymlinks(whole); wrong == nil {
			whole = real // what a link leads to is replaced, and not the link
		}
	}
	if err != nil {
		return nil, open.Wrong("-state: %v", err)
	}
	release, err := lock(whole + ".lock")
	if err != nil {
		return nil, open.Wrong("-state: %s: %v", path, err)
	}
	return &stateFile{whole, release}, nil
}

var errLocked = errors.New("another fakegraph has it")

// read returns the tenant, nil where there is no file yet.
func (f *stateFile) read() (*graphfake.Tenant, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, open.Wrong("-state: %v", err)
	}
	defer file.Close()
	tenant, err := graphfake.ReadState(file)
	if err != nil {
		return nil, open.Wrong("-state: %s: %v", f.path, err)
	}
	return tenant, nil
}

// write puts the state in the place of the file, whole or not at all: it is written
// beside it, and is on the disk before it takes its name.
func (f *stateFile) write(state func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*.tmp") // readable by its owner alone
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
			err = fmt.Errorf("-state: %s is as it was: %w", f.path, err)
		}
	}()
	err = state(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), f.path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(f.path))
}
