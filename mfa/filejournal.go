package mfa

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// FileJournal is a Journal in a file: one JSON object a line, each written at once
// and synchronized to the disk before Append returns. Nothing in it is ever
// changed or taken away. While it is open no other process can open it, so that
// one plan at a time is applied with it.
type FileJournal struct {
	mu      sync.Mutex
	file    *os.File
	release func() error
	path    string
	// torn: a line was begun and not finished.
	torn bool
}

// OpenJournal opens a journal, and creates it where there is none, readable by its
// owner alone. A last line that was torn, as by a process that was killed, counts
// for nothing and is marked so. A file that is no journal, or one that another
// process has open, is an error.
func OpenJournal(path string) (*FileJournal, error) {
	file, release, err := openLocked(path)
	if err != nil {
		return nil, fmt.Errorf("mfa: open the journal %s: %w", path, err)
	}
	j := &FileJournal{file: file, release: release, path: path}
	if err := errors.Join(j.mend(), syncFolder(path)); err != nil {
		j.Close()
		return nil, fmt.Errorf("mfa: open the journal %s: %w", path, err)
	}
	return j, nil
}

// Close closes the file, and lets others open it.
func (j *FileJournal) Close() error { return errors.Join(j.file.Close(), j.release()) }

// Append writes one line and waits until it is on the disk.
func (j *FileJournal) Append(e Entry) error {
	line, err := json.Marshal(e)
	if err == nil {
		err = j.write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("mfa: write the journal %s: %w", j.path, err)
	}
	return nil
}

func (j *FileJournal) write(line []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.torn {
		if err := j.mend(); err != nil {
			return err
		}
	}
	return j.put(line)
}

// put writes lines at the end. Where the disk is full, half a line may stand there.
func (j *FileJournal) put(lines []byte) error {
	if _, err := j.file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	j.torn = true
	if _, err := j.file.Write(lines); err != nil {
		return err
	}
	j.torn = false
	return j.file.Sync()
}

// Entries reads the whole file.
func (j *FileJournal) Entries() ([]Entry, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	text, err := j.text()
	if err == nil {
		var entries []Entry
		if entries, err = parseJournal(text); err == nil {
			return entries, nil
		}
	}
	return nil, fmt.Errorf("mfa: read the journal %s: %w", j.path, err)
}

func (j *FileJournal) text() ([]byte, error) {
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(j.file)
}

// mend ends a last line that has no end, and marks it where it is torn: by a
// process that was killed, or a disk that was full, also while it was marked so.
func (j *FileJournal) mend() error {
	text, err := j.text()
	if err != nil {
		return err
	}
	whole := bytes.HasSuffix(text, []byte("\n")) || len(text) == 0
	lines := bytes.Split(bytes.TrimRight(text, "\n"), []byte("\n"))
	last := lines[len(lines)-1]
	var tail []byte
	if !whole {
		tail = []byte("\n")
	}
	if half(last) {
		mark, _ := json.Marshal(Entry{Schema: JournalSchema, At: time.Now().UTC(), Kind: EntryTorn}) // it has no parts that can fail
		tail = append(append(tail, mark...), '\n')
	}
	if _, err := parseJournal(slices.Concat(text, tail)); err != nil {
		return err
	}
	if tail == nil {
		return nil
	}
	return j.put(tail)
}

// half says whether a line is the beginning of an entry: a disk may have kept the
// place of the rest, filled with zeros.
func half(line []byte) bool {
	line = bytes.TrimSpace(line)
	begun := bytes.TrimRight(line, "\x00")
	if len(begun) == 0 {
		return len(line) > 0
	}
	err := json.NewDecoder(bytes.NewReader(begun)).Decode(new(json.RawMessage))
	return begun[0] == '{' && errors.Is(err, io.ErrUnexpectedEOF)
}

// parseJournal reads the lines. One that is no entry is an error, unless the next
// one that is says that it was torn.
func parseJournal(text []byte) ([]Entry, error) {
	var entries []Entry
	var torn error
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line = bytes.TrimSpace(line)
		var e Entry
		err := json.Unmarshal(line, &e)
		if err == nil && e.Schema != JournalSchema {
			err = fmt.Errorf("its schema is %q, not %q", e.Schema, JournalSchema)
		}
		switch {
		case len(line) == 0:
		case err != nil && !half(line):
			return nil, fmt.Errorf("line %d is no entry of a journal: %w", n, err)
		case err != nil && torn == nil:
			torn = fmt.Errorf("line %d is no entry of a journal: %w", n, err)
		case err != nil:
		case torn != nil && e.Kind != EntryTorn:
			return nil, torn
		default:
			torn = nil
			entries = append(entries, e)
		}
	}
	return entries, torn
}

// syncFolder makes sure that a new file is found after a power cut.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return syncDirectory(folder)
}
