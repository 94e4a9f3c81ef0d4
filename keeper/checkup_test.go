package keeper_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/store/sqlite"
	"github.com/grantkeep/grantkeep/store/sqlite/sqlitetest"
	"github.com/grantkeep/grantkeep/vault"
)

// ailing is a store that stands as a test wants it to.
type ailing struct {
	store.Store
	ping      error
	processes []store.Process
	backlogs  []store.Backlog
	outlets   []store.Outlet
	sealed    []string
}

func (a *ailing) Ping(context.Context) error                         { return a.ping }
func (a *ailing) Processes(context.Context) ([]store.Process, error) { return a.processes, nil }
func (a *ailing) Backlogs(context.Context, time.Time) ([]store.Backlog, error) {
	return a.backlogs, nil
}
func (a *ailing) Outlets(_ context.Context, form string) ([]store.Outlet, error) {
	if form != store.WebhookForm {
		return nil, nil
	}
	return a.outlets, nil
}

func (a *ailing) SealedOtherwise(context.Context, int64, int) ([]string, error) { return a.sealed, nil }

func TestCheckUpSaysWhatToDo(t *testing.T) {
	dir := sqlitetest.Dir(t)
	db, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	master := vault.NewMaster()
	wrapped, primary, err := vault.Create(master)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	if err := db.AddKeyset(t.Context(), store.Keyset{ID: 1, Wrapped: wrapped, Primary: primary, CreatedAt: now}); err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(master, wrapped, "ins_test")
	if err != nil {
		t.Fatal(err)
	}
	gate, err := outbound.New(outbound.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close()
	st := &ailing{Store: db}
	check := func(options keeper.Options) map[string]string {
		t.Helper()
		options.Store, options.Vault, options.Gate, options.PublicURL = st, v, gate, "http://127.0.0.1:1"
		k, err := keeper.New(options)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]string{}
		for _, c := range k.CheckUp(t.Context()) {
			found[c.Name] = c.State + ": " + c.Detail
		}
		return found
	}
	expect := func(when string, found map[string]string, want map[string]string) {
		t.Helper()
		for name, part := range want {
			state, detail, _ := strings.Cut(part, ": ")
			if got := found[name]; !strings.HasPrefix(got, state+": ") || !strings.Contains(got, detail) {
				t.Errorf("%s: %s is %q, want %q", when, name, got, part)
			}
		}
	}
	expect("well", check(keeper.Options{Master: master, SpillFile: filepath.Join(dir, "spill-1")}), map[string]string{
		"database": "ok: sqlite", "clock": "ok: agrees", "keys": "ok: one key", "instances": "ok: none", "backlog": "ok: nothing",
		"news": "manual: alarm add", "spill": "ok: no token pair", "disk": "ok: MiB are free",
	})
	expect("a year later, without a spill file", check(keeper.Options{Master: master, Now: func() time.Time { return now.Add(400 * 24 * time.Hour) }}), map[string]string{
		"keys": "failed: keyring rotate", "disk": "failed: no spill file",
	})
	expect("with another master key", check(keeper.Options{Master: vault.NewMaster()}), map[string]string{"keys": "failed: another master key"})
	expect("without a master key", check(keeper.Options{}), map[string]string{"keys": "manual: no master key"})

	wrapped, _, err = vault.Add(master, wrapped)
	if err == nil {
		err = db.AddKeyset(t.Context(), store.Keyset{ID: 2, Wrapped: wrapped, Primary: primary, CreatedAt: now})
	}
	if err != nil {
		t.Fatal(err)
	}
	expect("while a key is added", check(keeper.Options{Master: master}), map[string]string{"keys": "ok: does not seal yet"})
	keys, err := vault.Keys(master, wrapped)
	if err == nil {
		wrapped, err = vault.Promote(master, wrapped, keys[1])
	}
	if err == nil {
		err = db.AddKeyset(t.Context(), store.Keyset{ID: 3, Wrapped: wrapped, Primary: keys[1], CreatedAt: now})
	}
	if err != nil {
		t.Fatal(err)
	}
	expect("after a rotation", check(keeper.Options{Master: master}), map[string]string{"keys": "ok: keyring retire"})

	st.sealed = []string{"grt_1"}
	st.processes = []store.Process{{By: "a/1", Version: "1.0"}, {By: "b/1", Version: "1.1"}, {By: "c/1", Version: "1.0"}}
	st.backlogs = []store.Backlog{{Platform: "taobao", Oldest: now.Add(-time.Hour)}, {Platform: "shopee", InDoubt: 21}}
	st.outlets = []store.Outlet{{ID: "whk_1", Enabled: true, FailingSince: now}, {ID: "whk_2", Reason: "410"}, {ID: "whk_3"}}
	found := check(keeper.Options{Master: master})
	expect("in trouble", found, map[string]string{
		"keys": "ok: the tokens of grt_1 are under an older key", "instances": "failed: 3 instances of the versions 1.0, 1.1", "backlog": "failed: taobao has been due for 1h0m0s", "news": "failed: whk_1 has failed since",
	})
	expect("in trouble", found, map[string]string{"backlog": "failed: 21 grants on shopee", "news": "failed: whk_2 is switched off: 410"})
	if strings.Contains(found["news"], "whk_3") {
		t.Errorf("a webhook that somebody switched off is called a trouble: %s", found["news"])
	}

	st.ping = errors.New("gone")
	found = check(keeper.Options{Master: master})
	expect("without a database", found, map[string]string{"database": "failed: does not answer"})
	if len(found) != 2 {
		t.Errorf("without a database the checks are %v; want those that need none", found)
	}
}
