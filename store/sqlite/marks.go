package sqlite

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"github.com/grantkeep/grantkeep/store"
)

// placeOf names the file at a path: a copy of it is another file. The device is left out, whose number is another after a
// restart on many systems.
func placeOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", nil
	}
	return fmt.Sprintf("inode %d", stat.Ino), nil
}

// Marked implements [store.Marks].
func (s *Store) Marked(ctx context.Context) (store.Mark, error) { return s.MarkedAt(ctx, s.place) }

// Mark implements [store.Marks].
func (s *Store) Mark(ctx context.Context, least int64) (store.Mark, error) {
	return s.MarkAt(ctx, s.place, least)
}
