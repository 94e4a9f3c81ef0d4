package entry

import (
	"context"
	"errors"

	"github.com/grantkeep/grantkeep/store"
)

// errUsed says that a code was used meanwhile.
var errUsed = errors.New("entry: the code has been used")

// secondStep reports whether a log-in brings the code that it needs, and uses it up.
func (c *pages) secondStep(ctx context.Context, p store.Person, code string) (bool, error) {
	if p.Code == "" {
		return true, nil
	}
	step, right, err := c.Codes.Right(p, code, c.Now())
	if err != nil || !right {
		return false, err
	}
	err = c.Store.UpdatePerson(ctx, p.ID, c.Now(), func(now *store.Person) error {
		if now.CodeStep >= step || now.Code != p.Code {
			return errUsed
		}
		now.CodeStep = step
		return nil
	})
	if errors.Is(err, errUsed) {
		return false, nil
	}
	return err == nil, err
}
