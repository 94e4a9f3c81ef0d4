package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestRulesAndDashboardNameWhatIsExported starts a server with a grant, has it refreshed, and reads the series that it
// exports: each that the alert rules and the dashboard ask for is there with the labels that they use, those of the
// contract too, and no label's value is an id or an owner.
func TestRulesAndDashboardNameWhatIsExported(t *testing.T) {
	f := newFleet(t, "", 1)
	grant := f.connect(0)
	if err := <-f.refresh(0, grant); err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+f.instances[0].address+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminKey)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	exported := map[string][]string{} // labels by series
	sample := regexp.MustCompile(`^(\w+)(?:\{(.*)\})? `)
	for line := range strings.Lines(string(text)) {
		m := sample.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		labels := []string{"instance", "job"} // of the scrape
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[2], -1) {
			labels = append(labels, l[1])
		}
		exported[m[1]] = labels
	}
	for _, want := range []string{
		`grantkeep_grants{platform="shoplazza",state="active"} 1`, `grantkeep_renewals_total{outcome="renewed",platform="shoplazza"} 1`,
		`grantkeep_due_age_seconds{platform="shoplazza"} `, `grantkeep_webhook_deliveries_total{outcome="delivered"} 0`, `grantkeep_build_info{version="`,
		`grantkeep_database_connections{state="most"} `, `grantkeep_refresh_level{platform="shoplazza"} `, `grantkeep_refreshes_under_way{platform="shoplazza"} 0`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the export has no %s", want)
		}
	}
	// The age of due work is told by app too; nothing else names one.
	if ages := strings.Count(string(text), f.app.ID); ages != 1 || !strings.Contains(string(text), `grantkeep_app_due_age_seconds{app="`+f.app.ID+`",platform="shoplazza"} `) {
		t.Errorf("the app is named %d times, want once, for the age of its due work", ages)
	}
	for _, not := range []string{grant, "cust", f.sims.Platforms[code].Shops[0].Host, f.sims.Platforms[code].Shops[0].ID + `"`} {
		if strings.Contains(string(text), not) {
			t.Errorf("the export tells %s", not)
		}
	}

	rules, err := os.ReadFile("../deploy/prometheus/grantkeep.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	board, err := os.ReadFile("../deploy/grafana/grantkeep.json")
	if err != nil {
		t.Fatal(err)
	}
	asked := regexp.MustCompile(`(?m)^ +expr: (.*)$`).FindAllStringSubmatch(string(rules), -1)
	var dashboard struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := json.Unmarshal(board, &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			asked = append(asked, []string{"", target.Expr})
		}
	}
	if len(asked) < 25 {
		t.Errorf("%d expressions were found, want at least 25", len(asked))
	}
	for _, a := range asked {
		var labels []string
		series := regexp.MustCompile(`grantkeep_\w+`).FindAllString(a[1], -1)
		if len(series) == 0 {
			t.Errorf("%s asks for no series of ours", a[1])
		}
		for _, s := range series {
			if exported[s] == nil {
				t.Errorf("%s asks for %s, which is not exported", a[1], s)
			}
			labels = append(labels, exported[s]...)
		}
		for _, by := range regexp.MustCompile(`(?:by|on) \(([^)]*)\)|\{(\w+)=`).FindAllStringSubmatch(a[1], -1) {
			for _, label := range strings.FieldsFunc(by[1]+by[2], func(r rune) bool { return r == ',' || r == ' ' }) {
				if !slices.Contains(labels, label) {
					t.Errorf("%s asks for the label %s, which %v do not have", a[1], label, series)
				}
			}
		}
	}
}
