package consents

import (
	"errors"
	"fmt"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/storetest/given"
)

func openClicksAreFew(t *testing.T, s store.Store) {
	given.MakeApp(t, s, "app")
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "auth"))
	given.CreateAuthorization(t, s, given.FullAuthorization("app", "other"))
	given.CreateClick(t, s, given.FullClick("app", "other", "click of another link"))
	spent := given.FullClick("app", "auth", "spent")
	spent.Stage = gk.Exchanging
	given.CreateClick(t, s, spent)
	const made = store.MostClicks + 5
	for i := range made {
		c := given.FullClick("app", "auth", fmt.Sprintf("click-%02d", made-i)) // their ids are no order
		c.CreatedAt = given.Epoch.Add(time.Duration(i) * time.Second)
		given.CreateClick(t, s, c)
	}
	for i := range made {
		id := fmt.Sprintf("click-%02d", made-i)
		_, err := s.Click(t.Context(), id)
		if old := i < made-store.MostClicks; old && !errors.Is(err, store.ErrNotFound) || !old && err != nil {
			t.Errorf("%s, number %d of %d: %v", id, i+1, made, err)
		}
	}
	for _, id := range []string{"spent", "click of another link"} {
		if _, err := s.Click(t.Context(), id); err != nil {
			t.Errorf("%s: %v, want it to stay", id, err)
		}
	}
}
