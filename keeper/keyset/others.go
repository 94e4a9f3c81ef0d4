package keyset

import (
	"context"
	"errors"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper/seal"
	"github.com/grantkeep/grantkeep/keeper/spill"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// sealOthersAgain seals again some of what is sealed beside grants and apps, and reports whether more may be left. What
// somebody else replaces meanwhile is left to the next look.
func (k *Keys) sealOthersAgain(ctx context.Context) (left bool, err error) {
	limit := sealedAtOnce + len(k.stuck)
	found, err := k.Store.CiphertextsBeside(ctx, vault.Beginning(k.Vault.KeyID()), limit)
	if err != nil {
		return true, err
	}
	var errs []error
	for _, c := range found {
		name := c.Table + " " + c.Row
		if k.stuck[name] {
			continue
		}
		again, err := k.Vault.SealAgain(vault.Place{Table: c.Table, Row: c.Row, Field: c.Field}, c.Sealed)
		if err == nil {
			err = k.Store.ReplaceCiphertext(ctx, c, again, vault.KeyOf(again))
		}
		if errors.Is(err, store.ErrUnavailable) {
			return true, errors.Join(append(errs, err)...)
		}
		k.goRound(name, err)
		errs = append(errs, err)
	}
	return len(found) == limit, errors.Join(errs...)
}

// sealWaitingAgain seals again what waits for the database in this process.
func (k *Keys) sealWaitingAgain() error {
	if k.Spill == nil || k.Spill.All(k.underPrimary) {
		return nil
	}
	return k.Spill.Change(func(e spill.Entry) (spill.Entry, error) {
		if e.Under(k.Vault.KeyID()) {
			return e, nil
		}
		if e.Kind == spill.Answer {
			again, err := k.Vault.SealAgain(vault.Place{Table: "clicks", Row: e.Click, Field: "answer"}, e.Answer)
			if err == nil {
				e.Answer, e.KeyID = again, vault.KeyOf(again)
			}
			return e, err
		}
		r := e.Refresh
		for _, token := range []struct {
			field string
			text  *gk.Sealed
		}{{"access", &r.Access}, {"refresh", &r.Refresh}} {
			if len(*token.text) == 0 {
				continue
			}
			again, err := k.Vault.SealAgain(seal.Place(r.Grant, token.field, r.Spent+1), *token.text)
			if err != nil {
				return e, err
			}
			*token.text, r.KeyID = again, vault.KeyOf(again)
		}
		e.Refresh = r
		return e, nil
	})
}

func (k *Keys) underPrimary(e spill.Entry) bool { return e.Under(k.Vault.KeyID()) }

// note says, once for each set, that nothing which this process holds outside the database is under an older key.
func (k *Keys) note(ctx context.Context) error {
	if k.By == "" || k.noted == k.set || k.takenAt.IsZero() || !k.settled() {
		return nil
	}
	if err := k.Store.NoteKeyset(ctx, k.By, k.set); err != nil {
		return err
	}
	k.noted = k.set
	return nil
}
