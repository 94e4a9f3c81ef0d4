package sqlite

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/grantkeep/grantkeep/store"
)

// Names of the files in a data directory.
const (
	databaseFile = "grantkeep.db"
	lockFile     = "grantkeep.lock"
)

// ErrLocked is the error of opening a data directory that another process has open.
var ErrLocked = errors.New("sqlite: data directory in use")

// makeDir makes the data directory for its owner alone, whatever the umask. A directory that holds nothing yet is
// narrowed to that as well; one that holds something may have other readers, and our files in it are closed to them anyway.
func makeDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		return os.Chmod(dir, 0o700) //nolint:gosec // G302: a directory is entered by its x bit
	}
	if err != nil {
		return err
	}
	// A mounted volume may belong to another user and yet be ours to write in.
	if err := os.Chmod(dir, 0o700); err != nil && !errors.Is(err, fs.ErrPermission) { //nolint:gosec // G302: as above
		return err
	}
	return nil
}

// takeLock takes the directory for this process until the file is closed; the system gives it back if the process dies.
func takeLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockFile)
	f, err := openOwn(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	_ = f.Close() // nothing was written
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("%w: another grantkeep is running on %s; stop it, or give this one a directory of its own (--data) or a PostgreSQL (--database)", ErrLocked, dir)
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// openOwn opens a file that is readable by its owner alone, whatever the umask, and does not follow a link that
// somebody may have put in its place.
func openOwn(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s is a symbolic link, which is not followed; put the file itself there", path)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err == nil && info.Mode().Perm() != 0o600 {
		err = f.Chmod(0o600)
	}
	if err != nil {
		_ = f.Close() // the first error tells more
		return nil, err
	}
	return f, nil
}

// applicationID marks our databases in the header of the file: the letters GKdb.
const applicationID = 0x474b6462

// prepareFile returns the path of the database after making sure that it is ours: an empty one is marked before
// anything else is written to it, one without the mark is not touched. SQLite gives its other files the mode of this one.
func prepareFile(ctx context.Context, dir string) (path string, err error) {
	path = filepath.Join(dir, databaseFile)
	ours, err := readMark(path)
	if err != nil || ours {
		return path, err
	}
	f, err := openOwn(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return path, mark(ctx, path)
}

// readMark reports whether the file is a database of ours; false without an error if it is not there or empty.
// It must not be called while SQLite has the file open in this process: closing a file gives back SQLite's locks on it.
func readMark(path string) (ours bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, fmt.Errorf("%w: %s is not a regular file; put the database itself there", store.ErrForeign, path)
	}
	if info.Size() == 0 {
		return false, nil
	}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }() // only read
	header := make([]byte, 72)
	if _, err := io.ReadFull(f, header); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return false, err
	}
	// https://www.sqlite.org/fileformat.html#the_database_header: the magic text, and the application id at 68.
	if string(header[:16]) != "SQLite format 3\x00" || binary.BigEndian.Uint32(header[68:]) != applicationID {
		return false, fmt.Errorf("%w: %s was made by something else and is left as it is; move it away, or choose another data directory", store.ErrForeign, path)
	}
	if info.Mode().Perm() != 0o600 {
		return true, os.Chmod(path, 0o600)
	}
	return true, nil
}
