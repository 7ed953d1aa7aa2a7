package graphfake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// walker finds the files of an export. Folders behind symbolic links are part of
// it: one that is left out silently would look like one that doesn't exist.
type walker struct {
	files fs.FS
	read  func(name string) error
	// report takes what is wrong with a file or folder.
	report func(name string, err error)

	folders []fs.FileInfo // those that were walked
	links   []string      // those behind links, which wait until all others are
}

func (w *walker) walk() {
	w.folder(".", false)
	for ; len(w.links) > 0; w.links = w.links[1:] {
		w.folder(w.links[0], true)
	}
}

// folder reads a folder, once: links may lead in a circle, or twice to one place.
func (w *walker) folder(name string, behindLink bool) {
	info, err := fs.Stat(w.files, name)
	if err != nil {
		w.report(name, err)
		return
	}
	if behindLink && w.walked(info) {
		return
	}
	w.folders = append(w.folders, info)
	entries, err := fs.ReadDir(w.files, name)
	if err != nil {
		w.report(name, err)
	}
	for _, entry := range entries {
		w.entry(path.Join(name, entry.Name()), entry.Type(), behindLink)
	}
}

func (w *walker) walked(folder fs.FileInfo) bool {
	for _, other := range w.folders {
		if os.SameFile(folder, other) {
			return true
		}
	}
	return false
}

// entry reads what stands in a folder. Only regular files are opened: a named
// pipe would never end.
func (w *walker) entry(name string, mode fs.FileMode, behindLink bool) {
	if mode&fs.ModeSymlink != 0 {
		info, err := fs.Stat(w.files, name)
		switch {
		case err != nil:
			w.report(name, fmt.Errorf("a symbolic link that can't be followed: %w", err))
		case info.IsDir():
			w.link(name, info)
		default:
			w.file(name, info.Mode())
		}
		return
	}
	if mode.IsDir() {
		w.folder(name, behindLink)
		return
	}
	w.file(name, mode)
}

// link remembers a folder behind a link, in a file system that can tell folders apart.
func (w *walker) link(name string, folder fs.FileInfo) {
	if !os.SameFile(folder, folder) {
		w.report(name, errors.New("a symbolic link to a folder, in a file system that can't tell whether it leads in a circle: give the folder itself"))
		return
	}
	w.links = append(w.links, name)
}

func (w *walker) file(name string, mode fs.FileMode) {
	switch {
	case !strings.EqualFold(path.Ext(name), ".json"):
	case !mode.IsRegular():
		w.report(name, errors.New("it is no regular file"))
	default:
		w.report(name, w.read(name))
	}
}
