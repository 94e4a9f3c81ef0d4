package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// toy is the smallest platform: a page to agree on, a call that counts, and a push to wherever the app says.
type toy struct {
	kit  *sim.Kit
	life func() time.Duration
}

func newToy(kit *sim.Kit, _ []sim.Row) sim.Simulator {
	t := &toy{kit: kit}
	t.life = kit.Options.Duration("life", time.Hour, "How long a token lives.")
	kit.Options.Bool("loud", false, "Speaks up.")
	kit.Options.Int("limit", 5, 1, 10, "How many.")
	kit.Options.Choice("mood", "good", []string{"good", "bad"}, "How it feels.")
	kit.Apps.Put("app-1", sim.Settings{"key": "app-1", "secret": sim.Random(8)})
	for _, id := range []string{"1", "2"} {
		kit.Shops.Add(sim.Shop{ID: id, Kind: "shop", Name: "Shop " + id, Owner: "chain-1"})
	}
	kit.Shops.Add(sim.Shop{ID: "chain-1", Kind: "account", Name: "Chain"})
	return t
}

func (t *toy) Identify(r *http.Request) sim.Identity {
	if r.URL.Path == "/authorize" {
		return sim.Identity{Stage: "authorize"}
	}
	return sim.Identity{Stage: "call", App: "app-1", Subject: r.URL.Query().Get("shop")}
}

func (t *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/authorize" {
		p := t.kit.Ledger.Issue(sim.Pair{App: "app-1", Subject: sim.Subject{Kind: "shop", ID: r.URL.Query().Get("shop")}, Access: sim.Random(8)})
		fmt.Fprintf(w, `{"generation":%d}`, p.Generation)
		return
	}
	switch {
	case r.PostFormValue(sim.FieldDecision) == sim.Approve:
		http.Redirect(w, r, "https://hub.example/cb?account="+r.PostFormValue("account")+"&shops="+fmt.Sprint(len(r.PostForm["shops"])), http.StatusFound)
	case r.PostFormValue(sim.FieldDecision) == sim.Deny:
		t.kit.Show(w, r, sim.Page{Title: "Bye", Refusal: "cancelled"})
	case r.PostFormValue(sim.FieldAccount) != "":
		t.kit.Show(w, r, sim.Page{Title: "Agree", Form: &sim.Form{
			Hidden:  map[string]string{"account": r.PostFormValue("account")},
			Fields:  []sim.Field{{Name: sim.FieldShops, Many: true, Options: []sim.Choice{{"1", "One"}, {"2", "Two"}}}},
			Buttons: sim.AgreeButtons(),
		}})
	default:
		t.kit.Show(w, r, sim.Page{Title: "Log in", Form: &sim.Form{
			Fields:  []sim.Field{{Name: sim.FieldAccount, Options: []sim.Choice{{"other", "Other"}, {"chain-1", "Chain"}}}},
			Buttons: []sim.Button{{Label: "Log in"}},
		}})
	}
}

func (t *toy) Say(w http.ResponseWriter, r *http.Request, row sim.Row) {
	http.Error(w, row.Code+" "+row.Example, http.StatusBadRequest)
}

func (t *toy) AddApp(s sim.Settings) (*sim.App, error) {
	return t.kit.Apps.Put(s.Text("key"), s), nil
}

func (t *toy) AddShops(o sim.ShopOrder) (sim.ShopsMade, error) {
	if o.SubAccountOf != "" {
		return sim.ShopsMade{}, fmt.Errorf("no sub-accounts here")
	}
	return sim.ShopsMade{Shops: []*sim.Shop{t.kit.Shops.Add(sim.Shop{ID: o.ID, Kind: "shop"})}}, nil
}

func (t *toy) Revoke(subject string) error {
	t.kit.Ledger.Revoke("app-1", sim.Subject{Kind: "shop", ID: subject})
	t.kit.Pushes.Send(sim.Push{App: "app-1", Subject: subject, URL: t.kit.Apps.Find("app-1").Text("push_url"), Body: []byte("{}"),
		Ladder: []time.Duration{time.Hour, 24 * time.Hour}})
	return nil
}

var toyRows = []sim.Row{
	{Stage: "call", Code: "", Pattern: "^quiet", Example: "quiet please"},
	{Stage: "call", Code: "too many", Pattern: "wait", Example: "wait 5 s"},
	{Stage: "call", Code: "E1", Pattern: "one", When: "!sent:x", Example: "one"},
	{Stage: "refresh", Code: "E1", Pattern: "gone", Example: "gone"},
	{Stage: "refresh", Code: "local:lost"},
}

// running is the toy on a network inside the process.
type running struct {
	*testing.T
	*sim.Running
	memory *sim.Memory
	client *http.Client
}

func startToy(t *testing.T) *running {
	t.Helper()
	memory := sim.NewMemory()
	s, err := sim.Start(t.Context(), sim.Options{Memory: memory, Platforms: []sim.Platform{{Name: "toy", New: newToy, Rows: toyRows}}})
	if err != nil {
		t.Fatal(err)
	}
	transport := memory.Transport()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &running{T: t, Running: s, memory: memory, client: &http.Client{Transport: transport}}
}

func (r *running) send(method, address, body string, header ...string) (int, string) {
	r.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, address, bytes.NewReader([]byte(body)))
	if err != nil {
		r.Fatal(err)
	}
	if method == "POST" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// do makes a control call that has to succeed.
func (r *running) do(method, path, body string) map[string]any {
	r.Helper()
	status, text := r.send(method, r.Control()+path, body)
	if status != http.StatusOK {
		r.Fatalf("%s %s %s = %d %s", method, path, body, status, text)
	}
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		r.Fatal(err)
	}
	return value
}
