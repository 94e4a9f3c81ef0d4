package keeper

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// Kinds of an entry.
const (
	entryRenewal = "renewal" // the pair that an attempt brought
	entryAnswer  = "answer"  // the sealed answer to an exchange
)

// entry is something a platform gave us that must reach the database. Its tokens are sealed. Storing it twice is harmless.
type entry struct {
	Kind, App string

	Renewal store.Renewal
	Plain   bool // nothing but a pair, for a grant that owes no event: one statement is enough
	Subject gk.Subject
	Scopes  []string
	Shops   []gk.Shop
	Facts   map[string]string
	Ceiling time.Time

	Click  string
	Answer gk.Sealed
	KeyID  int64
}

// keep stores an entry; while the database is away it waits in memory and in the spill file, and is offered again each
// second. Until it is stored this process claims nothing more, is not ready, and does not stop cleanly.
func (k *Keeper) keep(ctx context.Context, e entry) {
	err := k.offer(ctx, e)
	if err == nil {
		k.kept.add(e)
		return
	}
	k.log.Error("a pair could not be stored and waits", "kind", e.Kind, "grant", e.Renewal.Grant, "click", e.Click, "error", err)
	if err := k.spill.add(e); err != nil {
		k.log.Error("the spill file cannot be written; the pair is in memory only", "error", err)
	}
}

func (k *Keeper) offer(ctx context.Context, e entry) error {
	var err error
	switch e.Kind {
	case entryRenewal:
		err = k.storeRenewal(ctx, e)
	case entryAnswer:
		if err = k.storeAnswer(ctx, e); errors.Is(err, store.ErrNotFound) {
			return nil // its app was removed meanwhile
		}
	default:
		err = fmt.Errorf("spill: unknown kind %q", e.Kind)
	}
	return err
}

// offerSpilled offers what waits, oldest first, and reports whether nothing waits any more.
func (k *Keeper) offerSpilled(ctx context.Context) bool {
	stored := true
	for _, e := range k.spill.waiting() {
		if err := k.offer(ctx, e.entry); err != nil {
			k.log.Warn("a pair still waits for the database", "kind", e.Kind, "grant", e.Renewal.Grant, "error", err)
			stored = false
			if errors.Is(err, store.ErrUnavailable) {
				break
			}
			continue // it is this one's row that is in the way
		}
		k.kept.add(e.entry)
		if err := k.spill.done(e.seq); err != nil {
			k.log.Error("the spill file cannot be cleared; its pairs will be offered again, which is harmless", "error", err)
		}
	}
	return stored
}

// spillSize is what a spill file takes from the disk beforehand, so that a full disk cannot stop it: about four thousand pairs.
const spillSize = 4 << 20

const spillMagic = "grantkeep spill 1\n"

// spill holds entries that are not stored yet. The file is a magic line and then records (length, checksum, JSON), each
// synced before add returns; a zero length ends it. It is cleared when everything in it has been stored.
type spill struct {
	mu   sync.Mutex
	file *os.File
	end  int64
	seq  int64
	wait []spilled
}

type spilled struct {
	entry
	seq int64
}

func openSpill(path string) (*spill, error) {
	s := &spill{}
	if path == "" {
		return s, nil
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("spill file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("spill file %s: another process has it; each needs a data directory of its own: %w", path, err), f.Close())
	}
	s.file = f
	if err := s.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("spill file %s: %w", path, err), f.Close())
	}
	return s, nil
}

func (s *spill) read() error {
	info, err := s.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < spillSize {
		if info.Size() > 0 {
			return errors.New("is not a spill file of this program, or was cut; move it away only if no pair in it is needed")
		}
		if _, err := s.file.WriteAt(make([]byte, spillSize), 0); err != nil {
			return err
		}
		if _, err := s.file.WriteAt([]byte(spillMagic), 0); err != nil {
			return err
		}
		s.end = int64(len(spillMagic))
		return s.file.Sync()
	}
	magic := make([]byte, len(spillMagic))
	if _, err := s.file.ReadAt(magic, 0); err != nil || string(magic) != spillMagic {
		return errors.New("is not a spill file of this program")
	}
	s.end = int64(len(spillMagic))
	for {
		var head [8]byte
		if _, err := s.file.ReadAt(head[:], s.end); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		n := int64(binary.LittleEndian.Uint32(head[:4]))
		if n == 0 || s.end+8+n > info.Size() {
			return nil
		}
		body := make([]byte, n)
		if _, err := s.file.ReadAt(body, s.end+8); err != nil {
			return err
		}
		if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(head[4:]) {
			return nil // the process died while writing it: it was never promised
		}
		e, err := decodeEntry(body)
		if err != nil {
			return err
		}
		s.seq++
		s.wait = append(s.wait, spilled{e, s.seq})
		s.end += 8 + n
	}
}

// add keeps an entry in memory and, synced, in the file.
func (s *spill) add(e entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seq++
	s.wait = append(s.wait, spilled{e, s.seq})
	if s.file == nil {
		return errors.New("no spill file is configured")
	}
	body, err := encodeEntry(e)
	if err != nil {
		return err
	}
	rec := make([]byte, 8, 16+len(body))
	binary.LittleEndian.PutUint32(rec[:4], uint32(len(body)))
	binary.LittleEndian.PutUint32(rec[4:8], crc32.ChecksumIEEE(body))
	rec = append(append(rec, body...), make([]byte, 8)...) // the zero that ends the file, in the same write
	if _, err := s.file.WriteAt(rec, s.end); err != nil {
		return err
	}
	s.end += 8 + int64(len(body))
	return s.file.Sync()
}

func (s *spill) waiting() []spilled {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]spilled(nil), s.wait...)
}

func (s *spill) pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.wait)
}

// done forgets an entry that is stored; the file is cleared with the last one.
func (s *spill) done(seq int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, e := range s.wait {
		if e.seq == seq {
			s.wait = append(s.wait[:i:i], s.wait[i+1:]...)
			break
		}
	}
	if len(s.wait) > 0 || s.file == nil {
		return nil
	}
	s.end = int64(len(spillMagic))
	if _, err := s.file.WriteAt(make([]byte, 8), s.end); err != nil {
		return err
	}
	return s.file.Sync()
}

func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// record is an entry as the file holds it. It is written out member by member: gk.Sealed does not encode itself, so that
// a ciphertext never travels by accident.
type record struct {
	Kind, App, Grant, Attempt, Click string
	Spent, KeyID                     int64
	AskedAt                          time.Time
	RepeatFor                        time.Duration
	Access, Refresh, Answer          []byte
	Windows                          map[string]time.Time
	Renewable                        bool
	Expires, RefreshExpires, Due     time.Time
	Subject                          gk.Subject
	Scopes                           []string
	Shops                            []gk.Shop
	Facts                            map[string]string
	Ceiling                          time.Time
}

func encodeEntry(e entry) ([]byte, error) {
	r := e.Renewal
	return json.Marshal(record{
		Kind: e.Kind, App: e.App, Grant: r.Grant, Attempt: r.Attempt, Click: e.Click, Spent: r.Spent, KeyID: max(r.KeyID, e.KeyID),
		AskedAt: r.AskedAt, RepeatFor: r.RepeatFor, Access: r.Access, Refresh: r.Refresh, Answer: e.Answer, Windows: r.Windows,
		Renewable: r.Renewable, Expires: r.Expires, RefreshExpires: r.RefreshExpires, Due: r.Due,
		Subject: e.Subject, Scopes: e.Scopes, Shops: e.Shops, Facts: e.Facts, Ceiling: e.Ceiling,
	})
}

// decodeEntry reads what encodeEntry wrote. The entry is never plain: time has passed, so the row decides.
func decodeEntry(b []byte) (entry, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return entry{}, err
	}
	return entry{
		Kind: r.Kind, App: r.App, Click: r.Click, Answer: r.Answer, KeyID: r.KeyID,
		Subject: r.Subject, Scopes: r.Scopes, Shops: r.Shops, Facts: r.Facts, Ceiling: r.Ceiling,
		Renewal: store.Renewal{
			Grant: r.Grant, Attempt: r.Attempt, Spent: r.Spent, AskedAt: r.AskedAt, RepeatFor: r.RepeatFor, Access: r.Access, Refresh: r.Refresh,
			KeyID: r.KeyID, Windows: r.Windows, Renewable: r.Renewable, Expires: r.Expires, RefreshExpires: r.RefreshExpires, Due: r.Due,
		},
	}, nil
}
