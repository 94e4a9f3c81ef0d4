package serve

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// identityFile holds, in the data directory, the name under which this installation's processes work on the database.
const identityFile = "identity"

// announce makes this process known to the others that work on the database, and to its successors.
func (in *Installation) announce(ctx context.Context, dir string) error {
	id, err := identity(dir)
	if err != nil {
		return err
	}
	in.by, err = in.Store.Announce(ctx, id, shell.Version)
	return err
}

// identity reads the identity of a data directory, and makes one the first time. It is written whole under another name
// first: a process that dies meanwhile leaves none rather than a part of one.
func identity(dir string) (string, error) {
	path := filepath.Join(dir, identityFile)
	text, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(text)); err == nil {
		if id == "" || len(id) > 100 || strings.ContainsAny(id, "/ \n\t") {
			return "", fmt.Errorf("%s does not hold an identity (one word); move it away, and a new one is made", path)
		}
		return id, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("the identity of this process: %w", err)
	}
	id := gk.NewID("run", time.Now())
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return "", fmt.Errorf("the identity of this process: %w", err)
	}
	_, err = f.WriteString(id + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("the identity of this process: %w", err)
	}
	return id, os.Rename(path+".new", path)
}
