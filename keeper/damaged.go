package keeper

import (
	"errors"

	"github.com/grantkeep/grantkeep/store"
)

// spare tells of rows that cannot be read, and returns every other error as it is: what could be read is worked on.
func (k *Keeper) spare(err error) error {
	var damaged *store.DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	for i, id := range damaged.IDs {
		k.log.Error("a row of the database cannot be read and is left out", "id", id, "error", damaged.Why[i])
	}
	return nil
}
