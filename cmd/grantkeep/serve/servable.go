package serve

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantkeep/grantkeep/store"
)

// servable refuses a database whose content is on its way elsewhere, or on its way here: of an installation that has
// moved, one database is served.
func servable(ctx context.Context, st store.Installation) error {
	to, err := st.Meta(ctx, store.MetaMoved)
	if err == nil {
		return fmt.Errorf("this installation was moved to the PostgreSQL %s: start the server with --database and the same --data and --master-key; "+
			"to stay here, as long as nobody has served it there: grantkeep move --undo", to)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err = st.Meta(ctx, store.MetaMoving); err == nil {
		return errors.New("a move into this database was begun and is not finished: run the same grantkeep move again; it goes on where it stopped")
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
