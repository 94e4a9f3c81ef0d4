package console_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
)

// listed are the grants of a list, through all its pages.
func listed(t *testing.T, v *visitor, path string) (ids []string) {
	t.Helper()
	row := regexp.MustCompile(`<a href="/console/grants/(grt_[0-9a-z]+)"`)
	next := regexp.MustCompile(`href="([^"]+)" rel="next"`)
	for range 10 {
		body := v.get(path).body
		for _, m := range row.FindAllStringSubmatch(body, -1) {
			ids = append(ids, m[1])
		}
		m := next.FindStringSubmatch(body)
		if m == nil {
			return ids
		}
		path = strings.ReplaceAll(m[1], "&amp;", "&")
	}
	t.Fatalf("%s has no last page", path)
	return nil
}

func TestTheListBeginsWithWhatIsUrgentAndNamesEachGrantOnce(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	now := h.keeper.Now()
	for i := range 70 {
		h.grant(app, fmt.Sprintf("grt_1%03d", i), nil)
	}
	for i := range 60 {
		h.grant(app, fmt.Sprintf("grt_2%03d", i), func(g *gk.Grant) {
			g.State, g.Renewable, g.Ceiling = gk.Expired, false, now.Add(-time.Duration(i)*time.Hour)
		})
	}
	v := h.login(store.RoleSupport)
	all := listed(t, v, "/console/grants")
	if sorted := slices.Sorted(slices.Values(all)); len(all) != 138 || len(slices.Compact(sorted)) != 138 {
		t.Fatalf("the list has %d rows, want each of 138 grants once", len(all))
	}
	if all[0] != "grt_2059" || all[60] != "grt_2000" && all[59] != "grt_2000" {
		t.Errorf("the list begins with %s, want what ended first", all[0])
	}
	if i, j := slices.Index(all, "grt_0003"), slices.Index(all, "grt_0001"); i > j {
		t.Errorf("what is suspended is row %d, behind what is well in row %d", i, j)
	}
	if todo := listed(t, v, "/console/grants?list=todo"); len(todo) != 65 || slices.Contains(todo, "grt_0001") {
		t.Errorf("what needs attention is %d rows, want 65", len(todo))
	}
	if soon := listed(t, v, "/console/grants?ends=30"); len(soon) != 1 || soon[0] != "grt_0007" {
		t.Errorf("what ends within 30 days is %v, want grt_0007", soon)
	}
}

func TestAListIsKeptUnderANameAndForgotten(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleSupport)
	a := v.post("/console/grants/searches", "name", "Our Taiwan", "query", "state=expired&platform=shopee&nonsense=1")
	if a.status != http.StatusSeeOther || a.to != "/console/grants?platform=shopee&state=expired&done=search" {
		t.Fatalf("keeping a list = %d to %q", a.status, a.to)
	}
	if body := v.get("/console/grants").body; !strings.Contains(body, ">Our Taiwan</a>") {
		t.Error("the list is not among the chips")
	}
	if strings.Contains(h.login(store.RoleOperator).get("/console/grants").body, "Our Taiwan") {
		t.Error("somebody else sees it")
	}
	v.post("/console/grants/searches", "forget", "yes", "query", "state=expired&platform=shopee")
	if strings.Contains(v.get("/console/grants").body, "Our Taiwan") {
		t.Error("the list is not forgotten")
	}
}

func TestLinksForManyGrantsAreATable(t *testing.T) {
	h := newHouse(t)
	app := furnish(h)
	h.grant(app, "grt_0009", func(g *gk.Grant) { g.Subject.Name = "=HYPERLINK(1)" })
	v := h.login(store.RoleSupport)
	form := url.Values{"csrf": {v.token()}, "id": {"grt_0002", "grt_0009", "grt_0002"}}
	asked := v.send(http.MethodPost, "/console/grants/bulk", form)
	if asked.status != http.StatusOK || !strings.Contains(asked.body, "Make 2 links?") || !strings.Contains(asked.body, "小島日用選物") {
		t.Fatalf("asking = %d, want the number and the first names", asked.status)
	}
	file := v.send(http.MethodPost, "/console/grants/links", form)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 {
		t.Fatalf("the table is %q, %v", file.body, err)
	}
	for _, row := range rows[1:] {
		if !strings.HasPrefix(row[4], h.url+"/connect/") || !strings.Contains(row[6], row[4]) || row[7] != "" {
			t.Errorf("a row is %q, want a link and a message with it", row)
		}
	}
	if rows[2][1] != "'=HYPERLINK(1)" {
		t.Errorf("a shop's name is %q, want no formula", rows[2][1])
	}
	lines, err := h.store.AuditAfter(t.Context(), store.AuditFilter{Action: "grant.link"})
	if err != nil || len(lines) != 2 {
		t.Errorf("the audit has %d lines of links, %v; want 2", len(lines), err)
	}
}

func TestTheListIsSortedAsAskedAndSaysWhenAGrantWasUsed(t *testing.T) {
	h := newHouse(t)
	app := h.app("shopee")
	now := h.keeper.Now()
	for i := range 60 {
		h.grant(app, fmt.Sprintf("grt_3%03d", i), func(g *gk.Grant) {
			g.Subject.Name, g.Ceiling = fmt.Sprintf("Shop %02d", (i*7)%60), now.Add(time.Duration(100+(i*11)%60)*24*time.Hour)
		})
	}
	for i, id := range []string{"grt_3030", "grt_3007"} {
		at := now.Add(time.Duration(i-300) * time.Hour)
		if err := h.store.Record(t.Context(), store.AuditEntry{At: at, Until: at, Actor: "key", Action: "token.read", Grant: id, Count: 1}); err != nil {
			t.Fatal(err)
		}
	}
	v := h.login(store.RoleSupport)
	names := listed(t, v, "/console/grants?sort=name")
	if len(names) != 60 || names[0] != "grt_3000" || names[1] != "grt_3043" || names[59] != "grt_3017" {
		t.Errorf("by name: %d rows, %v", len(names), names)
	}
	if ends := listed(t, v, "/console/grants?sort=end"); len(ends) != 60 || ends[0] != "grt_3000" || ends[1] != "grt_3011" {
		t.Errorf("by end: %d rows, %v", len(ends), ends)
	}
	if used := listed(t, v, "/console/grants?sort=used&platform=shopee"); len(used) != 60 || used[0] != "grt_3007" || used[1] != "grt_3030" {
		t.Errorf("by use: %d rows, %v", len(used), used)
	}
	if body := v.get("/console/grants?sort=used").body; strings.Count(body, "not used yet") != 48 {
		t.Errorf("%d of 50 grants were never used, want 48", strings.Count(body, "not used yet"))
	}
	if a := v.get("/console/grants?sort=nonsense"); a.status != http.StatusOK {
		t.Errorf("an order that there is not = %d", a.status)
	}
}

func TestManyGrantsAreRefreshedAndThoseThatAreNotAreNamed(t *testing.T) {
	h := newHouse(t)
	furnish(h)
	v := h.login(store.RoleOperator)
	asked := v.post("/console/grants/bulk", "do", "refresh", "id", "grt_0002", "id", "grt_0006")
	if asked.status != http.StatusOK || !strings.Contains(asked.body, "Refresh 2 grants now?") || !strings.Contains(asked.body, `action="/console/grants/refresh"`) {
		t.Fatalf("asking = %d\n%s", asked.status, asked.body)
	}
	done := v.post("/console/grants/refresh", "id", "grt_0002", "id", "grt_0006")
	if done.status != http.StatusOK || !strings.Contains(done.body, "0 of 2 refreshed") || !strings.Contains(done.body, "小島日用選物") {
		t.Errorf("what cannot be refreshed = %d\n%s", done.status, done.body)
	}
	if a := h.login(store.RoleSupport).post("/console/grants/refresh", "id", "grt_0001"); a.status != http.StatusForbidden {
		t.Errorf("support refreshes many: %d", a.status)
	}
}
