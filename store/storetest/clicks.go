package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

func openClicksAreFew(t *testing.T, s store.Store) {
	makeApp(t, s, "app")
	createAuthorization(t, s, fullAuthorization("app", "auth"))
	createAuthorization(t, s, fullAuthorization("app", "other"))
	createClick(t, s, fullClick("app", "other", "click of another link"))
	spent := fullClick("app", "auth", "spent")
	spent.Stage = gk.Exchanging
	createClick(t, s, spent)
	const made = store.MostClicks + 5
	for i := range made {
		c := fullClick("app", "auth", fmt.Sprintf("click-%02d", made-i)) // their ids are no order
		c.CreatedAt = epoch.Add(time.Duration(i) * time.Second)
		createClick(t, s, c)
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
