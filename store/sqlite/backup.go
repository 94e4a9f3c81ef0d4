package sqlite

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"syscall"

	"github.com/grantkeep/grantkeep/store"
)

// A backup is the database as one file, with a line behind it that tells what the file must be: SQLite reads over the
// line, and whoever restores the file finds by it that no byte was lost or changed.
const (
	trailerBegins = "\ngrantkeep backup sha256:"
	trailerSize   = len(trailerBegins) + 2*sha256.Size + 1
)

// partial ends the name of a file until it is whole.
const partial = ".part"

// ErrDamaged is the error of a file that is no backup, or no longer what it was.
var ErrDamaged = errors.New("sqlite: not a sound backup")

// copiedPlace is noted in a backup as the place of its database. It is none, so that whoever opens the copy notices that
// it is one, however it came into a data directory.
const copiedPlace = "a backup"

// Copy is what a backup holds, so far as it can be told without opening what is sealed.
type Copy struct {
	Schema       int64
	Installation string
	Check        string // seals what every key set of the installation opens
	Wrapped      []byte // the key set in force
	Apps, Grants int64
}

// Exists returns nil if a directory holds a database of ours. No other part of this process may have it open.
func Exists(dir string) error {
	ours, err := readMark(filepath.Join(dir, databaseFile))
	if err == nil && !ours {
		err = fmt.Errorf("there is no database in %s: name the server's data directory with --data", dir)
	}
	return err
}

// Backup writes a consistent copy of the database in a directory to a file that must not exist yet, while a server may
// be running on it. The copy is complete, checked by SQLite and by look, and on the disk before the file has its name.
func Backup(ctx context.Context, dir, file string, look func(Copy) error) (c Copy, err error) {
	if err := Exists(dir); err != nil {
		return c, err
	}
	path := filepath.Join(dir, databaseFile)
	part, err := newFile(file)
	if err != nil {
		return c, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(part))
		}
	}()
	if err := copyInto(ctx, path, part); err != nil {
		return c, err
	}
	if c, err = examine(ctx, part); err != nil {
		return c, err
	}
	if err := look(c); err != nil {
		return c, err
	}
	if err := finish(part); err != nil {
		return c, err
	}
	return c, publish(part, file)
}

// Restore puts a backup into a directory that has no database. Nothing is there under the database's name before the copy
// was checked, by SQLite and by look.
func Restore(ctx context.Context, file, dir string, look func(Copy) error) (c Copy, err error) {
	if err := makeDir(dir); err != nil {
		return c, err
	}
	lock, err := takeLock(dir)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	path := filepath.Join(dir, databaseFile)
	for _, end := range []string{"", "-wal", "-journal"} {
		if _, err := os.Lstat(path + end); !errors.Is(err, fs.ErrNotExist) {
			return c, errors.Join(err, fmt.Errorf("%w: %s exists; nothing is ever restored over it: move it away, or restore into another directory", store.ErrExists, path+end))
		}
	}
	if err := remove(path + partial); err != nil { // of a restore that died: the lock says that none is under way
		return c, err
	}
	part, err := newFile(path)
	if err != nil {
		return c, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(part))
		}
	}()
	if err := withoutTrailer(file, part); err != nil {
		return c, err
	}
	if c, err = examine(ctx, part); err != nil {
		return c, err
	}
	if err := look(c); err != nil {
		return c, err
	}
	return c, publish(part, path)
}

// newFile makes the file under which another one is written until it is whole. The other must not exist.
func newFile(file string) (part string, err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return "", errors.Join(err, fmt.Errorf("%w: %s is there already; choose another name", store.ErrExists, file))
	}
	part = file + partial
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("%s is there: another backup to the same name is under way, or one has died; then remove it", part)
	}
	if err != nil {
		return "", err
	}
	return part, f.Close()
}

// copyInto copies the database as it is at one moment into an empty file, and notes there that it is a copy.
func copyInto(ctx context.Context, path, part string) error {
	db, err := connect(ctx, path, 1, url.Values{})
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, part)
	if err := errors.Join(translate(err), db.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", path, err)
	}
	db, err = connect(ctx, part, 1, url.Values{})
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `INSERT INTO meta (k, v) VALUES ('place', ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v`, copiedPlace)
	return errors.Join(translate(err), db.Close())
}

// examine checks a copy that nobody else has open and tells what it holds.
func examine(ctx context.Context, path string) (c Copy, err error) {
	ours, err := readMark(path)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if !ours {
		return c, fmt.Errorf("%w: it is empty", ErrDamaged)
	}
	db, err := connect(ctx, path, 1, url.Values{"_query_only": {"1"}})
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil || found != "ok" {
		return c, errors.Join(fmt.Errorf("%w: SQLite finds a fault: %s", ErrDamaged, found), translate(err))
	}
	err = db.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&found)
	if !errors.Is(err, sql.ErrNoRows) {
		return c, errors.Join(fmt.Errorf("%w: rows of the table %s refer to what is not there", ErrDamaged, found), translate(err))
	}
	row := db.QueryRowContext(ctx, `SELECT (SELECT max(version_id) FROM `+schemaTable+`), (SELECT v FROM meta WHERE k = 'installation'),
		(SELECT v FROM meta WHERE k = 'keyring_check'), (SELECT wrapped FROM keyring ORDER BY id DESC LIMIT 1),
		(SELECT count(*) FROM apps), (SELECT count(*) FROM grants)`)
	if err := row.Scan(&c.Schema, &c.Installation, &c.Check, &c.Wrapped, &c.Apps, &c.Grants); err != nil {
		return c, fmt.Errorf("%w: it lacks what every installation has: %w", ErrDamaged, err)
	}
	want, err := newest()
	if err == nil && c.Schema > want {
		err = fmt.Errorf("%w: it has schema %d, this program knows %d; use the grantkeep that wrote it, or a newer one", store.ErrForeign, c.Schema, want)
	}
	return c, err
}

// finish writes the line behind the copy and forces it to the disk.
func finish(part string) (err error) {
	f, err := os.OpenFile(part, os.O_RDWR|os.O_APPEND|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if _, err := f.WriteString(trailerBegins + hex.EncodeToString(sum.Sum(nil)) + "\n"); err != nil {
		return err
	}
	return f.Sync()
}

// withoutTrailer copies a backup into an empty file, without the line behind it, which must tell the truth.
func withoutTrailer(file, part string) (err error) {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	info, err := in.Stat()
	if err != nil {
		return err
	}
	size := info.Size() - int64(trailerSize)
	trailer := make([]byte, trailerSize)
	if !info.Mode().IsRegular() || size < 0 {
		return fmt.Errorf("%w: %s was not made by grantkeep backup, or is cut off", ErrDamaged, file)
	}
	if _, err := in.ReadAt(trailer, size); err != nil {
		return err
	}
	told, ok := bytes.CutPrefix(bytes.TrimSuffix(trailer, []byte("\n")), []byte(trailerBegins))
	if !ok {
		return fmt.Errorf("%w: %s was not made by grantkeep backup, or is cut off", ErrDamaged, file)
	}
	out, err := os.OpenFile(part, os.O_WRONLY|os.O_TRUNC|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, size)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != string(told) {
		return fmt.Errorf("%w: %s is not what was written: a part of it was changed or lost; take another copy", ErrDamaged, file)
	}
	return out.Sync()
}

// publish gives a finished file its name, for good.
func publish(part, file string) error {
	if err := os.Rename(part, file); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// remove removes a file that may not be there, with what SQLite may have left beside it.
func remove(path string) error {
	var errs []error
	for _, end := range []string{"", "-wal", "-shm", "-journal"} {
		if err := os.Remove(path + end); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
