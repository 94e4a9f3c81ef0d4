// Package spill is where a pair waits that the database could not take, and what it took lately and may lose again.
package spill

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"
)

// spillSize is what a spill file takes from the disk beforehand, so that a full disk cannot stop it: about four thousand pairs.
const spillSize = 4 << 20

const spillMagic = "grantkeep spill 1\n"

// File holds entries that are not stored yet. The file is a magic line and then records (length, checksum, JSON), each
// synced before add returns; what follows the last is zero. It is cleared when everything in it has been stored.
type File struct {
	mu      sync.Mutex
	path    string
	file    *os.File
	end     int64
	seq     int64
	wait    []Waiting
	Damaged int // bytes that no record could be made of, kept in a file beside
}

// Waiting is an entry that waits, for the database or, set aside, for something of its own.
type Waiting struct {
	Entry

	Seq     int64
	offers  int
	aside   bool
	nextAt  time.Time // of an offer of what is set aside
	backoff time.Duration
}

const longestAside = time.Minute // between two offers of what is set aside

// Open opens a spill file, and makes it if there is none; an empty path means none. It is made under another name
// and takes its own when it is whole: a process that dies meanwhile leaves nothing that the next could not use.
func Open(path string) (*File, error) {
	s := &File{path: path}
	if path == "" {
		return s, nil
	}
	f, err := lockedFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if s.file, err = makeSpill(path); err == nil {
			s.end = int64(len(spillMagic)) // nothing stands in it that would have to be read
			return s, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("spill file %s: %w", path, err)
	}
	s.file = f
	if err := s.read(path); err != nil {
		return nil, errors.Join(fmt.Errorf("spill file %s: %w", path, err), s.file.Close())
	}
	return s, nil
}

// lockedFile opens a file and locks it, for this process alone.
func lockedFile(path string, flags ...int) (*os.File, error) {
	flag := os.O_RDWR | syscall.O_NOFOLLOW
	for _, more := range flags {
		flag |= more
	}
	f, err := os.OpenFile(path, flag, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil && !names(path, f) {
		err = errors.New("it was replaced a moment ago")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("another process has it; each needs a data directory of its own: %w", err), f.Close())
	}
	return f, nil
}

// names reports whether a path leads to an open file.
func names(path string, f *os.File) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	open, err := f.Stat()
	return err == nil && os.SameFile(there, open)
}

// makeSpill makes an empty spill file where there is none.
func makeSpill(path string) (*os.File, error) {
	f, err := lockedFile(path+newSuffix, os.O_CREATE)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err == nil {
		return nil, errors.Join(errors.New("another process has just made it; each needs a data directory of its own"), f.Close())
	}
	return place(path, f, nil)
}

// newSuffix ends the name under which a spill file is made.
const newSuffix = ".new"

// place writes a whole spill file and gives it its name. The lock on it was taken under its other name and goes with it.
func place(path string, f *os.File, records []byte) (*os.File, error) {
	err := fill(f, append([]byte(spillMagic), records...))
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = errors.Join(os.Rename(path+newSuffix, path), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// fill writes what a spill file holds, and zeros up to its size: written, not only asked for, since the disk must have given
// them. They are written in pieces, so that opening a keeper does not touch four megabytes of memory.
func fill(f *os.File, text []byte) error {
	if _, err := f.WriteAt(text, 0); err != nil {
		return err
	}
	zeros := make([]byte, 1<<16)
	end := int64(max(spillSize, len(text)))
	for at := int64(len(text)); at < end; at += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), end-at)], at); err != nil {
			return err
		}
	}
	return f.Truncate(end)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// read takes what the file holds. Where a record is damaged, it looks for the next that is whole; what lies between is put
// into a file beside, synced, and the file is made anew without it.
func (s *File) read(path string) error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	whole := make([]byte, info.Size()) // it is made in its full size, and nobody else writes to it
	if _, err := io.ReadFull(io.NewSectionReader(s.file, 0, info.Size()), whole); err != nil {
		return err
	}
	body, ours := bytes.CutPrefix(whole, []byte(spillMagic))
	if !ours && !empty(whole) { // one of zeros: an earlier program was cut off while it made the file
		return errors.New("is not a spill file of this program; move it away only if no pair in it is needed")
	}
	entries, records, damaged := readRecords(body)
	for _, e := range entries {
		s.seq++
		s.wait = append(s.wait, Waiting{Entry: e, Seq: s.seq})
	}
	s.Damaged = len(damaged)
	s.end = int64(len(spillMagic) + len(records))
	if len(damaged) > 0 {
		if err := putBeside(path+".damaged", damaged); err != nil {
			return fmt.Errorf("what is damaged in it cannot be put beside: %w", err)
		}
	}
	if ours && len(damaged) == 0 && len(whole) >= spillSize && empty(whole[s.end:]) {
		return nil
	}
	return s.replace(path, records)
}

// replace makes a file of these records, which then takes the place of the present one.
func (s *File) replace(path string, records []byte) error {
	f, err := lockedFile(path+newSuffix, os.O_CREATE)
	if err != nil {
		return err
	}
	old := s.file
	if s.file, err = place(path, f, records); err != nil {
		s.file = old
		return err
	}
	return old.Close()
}

func empty(b []byte) bool { return bytes.Count(b, []byte{0}) == len(b) }

// readRecords returns the entries in a file's body, their records, and the bytes that are neither record nor end.
func readRecords(body []byte) (entries []Entry, records, damaged []byte) {
	for at := 0; at < len(body); {
		if e, size := readRecord(body[at:]); size > 0 {
			entries = append(entries, e)
			records = append(records, body[at:at+size]...)
			at += size
			continue
		}
		if len(damaged) == 0 && (at+4 > len(body) || binary.LittleEndian.Uint32(body[at:]) == 0) {
			break // the end, unless something was damaged before: then a zero may be damage too
		}
		next := at + 1
		for next < len(body) {
			if _, size := readRecord(body[next:]); size > 0 {
				break
			}
			next++
		}
		between := body[at:next]
		if next == len(body) {
			between = bytes.TrimRight(between, "\x00")
		}
		damaged = append(damaged, between...)
		at = next
	}
	return entries, records, damaged
}

// readRecord returns the entry at the beginning of a text and its size in the file; 0 where there is none.
func readRecord(b []byte) (e Entry, size int) {
	if len(b) < 8 {
		return Entry{}, 0
	}
	n := int(binary.LittleEndian.Uint32(b))
	if n < 2 || n > len(b)-8 || b[8] != '{' || b[8+n-1] != '}' {
		return Entry{}, 0
	}
	text := b[8 : 8+n]
	if crc32.ChecksumIEEE(text) != binary.LittleEndian.Uint32(b[4:]) {
		return Entry{}, 0
	}
	e, err := decodeEntry(text)
	if err != nil {
		return Entry{}, 0
	}
	return e, 8 + n
}

// putBeside appends bytes to a file and syncs it.
func putBeside(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}

// Add keeps an entry in memory and, synced, in the file.
func (s *File) Add(e Entry) (Waiting, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	w := Waiting{Entry: e, Seq: s.seq}
	s.wait = append(s.wait, w)
	if s.file == nil {
		return w, errors.New("no spill file is configured")
	}
	body, err := encodeEntry(e)
	if err != nil {
		return w, err
	}
	rec := recordOf(body)
	if _, err := s.file.WriteAt(rec, s.end); err != nil {
		return w, err
	}
	s.end += int64(len(rec))
	return w, s.file.Sync()
}

// recordOf is an encoded entry as the file holds it.
func recordOf(body []byte) []byte {
	rec := make([]byte, 8, 8+len(body))
	binary.LittleEndian.PutUint32(rec[:4], uint32(len(body)))
	binary.LittleEndian.PutUint32(rec[4:8], crc32.ChecksumIEEE(body))
	return append(rec, body...)
}

// Change replaces what waits, each entry by what change makes of it, in memory and in a file that is made anew and then
// takes the place of this one. One that change leaves as it is, by an error, stays so; the errors are returned together.
func (s *File) Change(change func(Entry) (Entry, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wait) == 0 {
		return nil
	}
	changed := slices.Clone(s.wait)
	var records []byte
	var errs []error
	for i := range changed {
		e, err := change(changed[i].Entry)
		if err == nil {
			changed[i].Entry = e
		}
		body, failed := encodeEntry(changed[i].Entry)
		if failed != nil {
			return failed
		}
		errs = append(errs, err)
		records = append(records, recordOf(body)...)
	}
	if s.file != nil {
		if err := s.replace(s.path, records); err != nil {
			return err
		}
		s.end = int64(len(spillMagic) + len(records))
	}
	s.wait = changed
	return errors.Join(errs...)
}

// All reports whether everything that waits is so.
func (s *File) All(so func(Entry) bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(s.wait, func(w Waiting) bool { return !so(w.Entry) })
}

// Waiting returns what is to be offered, oldest first: all, or without what is set aside until later.
func (s *File) Waiting(all bool) []Waiting {
	s.mu.Lock()
	defer s.mu.Unlock()
	var due []Waiting
	for i := range s.wait {
		w := &s.wait[i]
		if all || !w.aside || !time.Now().Before(w.nextAt) {
			w.offers++
			due = append(due, *w)
		}
	}
	return due
}

// Pending is how many entries wait for the database.
func (s *File) Pending() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.wait {
		if !s.wait[i].aside {
			n++
		}
	}
	return n
}

// Size is how many entries wait, those that are set aside among them.
func (s *File) Size() (n, aside, damaged int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.wait {
		if s.wait[i].aside {
			aside++
		}
	}
	return len(s.wait), aside, s.Damaged
}

// AsideOf names the grants, or the clicks, of an app whose entries are set aside.
func (s *File) AsideOf(app string) (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.wait {
		if w := &s.wait[i]; w.aside && w.App == app {
			ids = append(ids, w.Refresh.Grant+w.Click) // it has one of them
		}
	}
	return ids
}

// Holds reports whether an entry of a grant or a click waits: its refresh token, or its code, is spent.
func (s *File) Holds(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.wait, func(w Waiting) bool { return w.Refresh.Grant == id || w.Click == id })
}

// Offered returns how often an entry has been offered.
func (s *File) Offered(seq int64) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(seq); i >= 0 {
		return s.wait[i].offers
	}
	return 0
}

// SetAside lets an entry wait by itself and reports whether it did not before.
func (s *File) SetAside(seq int64) (first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(seq)
	if i < 0 {
		return false
	}
	w := &s.wait[i]
	first = !w.aside
	w.aside = true
	w.backoff = min(max(2*w.backoff, time.Second), longestAside)
	w.nextAt = time.Now().Add(w.backoff)
	return first
}

func (s *File) index(seq int64) int {
	return slices.IndexFunc(s.wait, func(w Waiting) bool { return w.Seq == seq })
}

// Done forgets an entry that is stored; the file is cleared with the last one.
func (s *File) Done(seq int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.index(seq); i >= 0 {
		s.wait = slices.Delete(s.wait, i, i+1)
	}
	if len(s.wait) > 0 || s.file == nil {
		return nil
	}
	return s.clear()
}

// clear empties the file. All that was written becomes zero, so that a search behind a damaged record never finds what
// was stored long ago.
func (s *File) clear() error {
	begin := int64(len(spillMagic))
	if s.end > begin {
		if _, err := s.file.WriteAt(make([]byte, s.end-begin), begin); err != nil {
			return err
		}
	}
	s.end = begin
	return s.file.Sync()
}

func (s *File) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}
