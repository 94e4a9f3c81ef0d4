package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/people"
	"github.com/grantkeep/grantkeep/store"
)

// consoleLink is the file of the first login link, where no terminal can show it.
const consoleLink = "console.link"

// firstLogin lets an administrator into a console that nobody has a password for: by a link that works once, shown on a
// terminal, else in a file. Each start makes another link until somebody has set a password.
func firstLogin(ctx context.Context, st store.Store, consoleURL, data string, s shell.Streams, log *slog.Logger) error {
	now := time.Now()
	p, err := people.First(ctx, st, now)
	if errors.Is(err, store.ErrExists) {
		return nil
	}
	if err != nil {
		return err
	}
	link, err := people.Invite(ctx, st, consoleURL, p.ID, false, now.Add(people.LinkLife))
	if err != nil {
		return err
	}
	if f, ok := s.Err.(*os.File); ok && shell.IsTerminal(f) {
		_, err := fmt.Fprintf(s.Err, "log in to the console as %s, once and within 24 hours: %s\n", p.Name, link)
		return err
	}
	path := filepath.Join(data, consoleLink)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the first login link cannot be written: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("the first login link cannot be written: %w", err)
	}
	_, err = f.WriteString(link + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	log.Warn("a login link for the console, good once and for 24 hours, is in " + path)
	return nil
}
