package main

import (
	"strconv"
	"strings"

	"github.com/grantkeep/grantkeep/platform"
)

// powers are the columns of the capability table. What a driver can do is what it implements, so the table cannot lie.
var powers = []struct {
	name, meaning string
	has           func(platform.Driver) bool
}{
	{"renew", "tokens are renewed without the merchant", is[platform.Refresher]},
	{"inspect", "a call tells whose a token is and whether it lives", is[platform.Inspector]},
	{"census", "the platform lists every living authorization", is[platform.Census]},
	{"subscribe", "pushes come after asking for them, per grant", is[platform.Subscriber]},
	{"push", "the platform tells us about a grant", is[platform.Receiver]},
	{"pull", "messages are fetched", is[platform.Puller]},
	{"install", "a merchant can begin on the platform's side", is[platform.Starter]},
	{"revoke", "a permission can be given back by a request", is[platform.Revoker]},
	{"verify", "a signed call can be checked offline", is[platform.Verifier]},
}

func is[P any](d platform.Driver) bool {
	_, ok := d.(P)
	return ok
}

// platformsPage is docs/platforms.md.
func platformsPage(drivers []platform.Driver) string {
	head := []string{"platform", "code", "maturity"}
	var meanings [][]string
	for _, p := range powers {
		head = append(head, p.name)
		meanings = append(meanings, []string{p.name, p.meaning})
	}
	var able, kept [][]string
	for _, d := range drivers {
		f := d.Spec().Facts
		row := []string{"[" + f.Names.En + "](../platform/" + f.Code + "/README.md)", code(f.Code), f.Maturity}
		for _, p := range powers {
			mark := ""
			if p.has(d) {
				mark = "✓"
			}
			row = append(row, mark)
		}
		able = append(able, row)
		kept = append(kept, refreshRows(f)...)
	}
	return notice + "\n# Platforms\n\n" +
		"Maturity: *alpha* is built from documents, *beta* is proved against its simulator, *stable* has run in production.\n\n" +
		table(head, able) + "\n" + table([]string{"power", "meaning"}, meanings) +
		"\n## How grants are kept alive\n\n" +
		table([]string{"platform", "profile", "style", "after a lost answer", "renewed before the end", "subjects"}, kept)
}

// refreshRows has one row for the platform, and one for each profile that differs.
func refreshRows(f *platform.Facts) [][]string {
	row := func(profile string, r platform.Refresh) []string {
		return []string{f.Names.En, profile, r.Style, lost(r), lead(r), strings.Join(f.Subjects, ", ")}
	}
	if len(f.Profiles) == 0 {
		return [][]string{row("", f.Refresh)}
	}
	var rows [][]string
	for _, profile := range f.Profiles {
		rows = append(rows, row(profile, f.RefreshOf(profile, "online")))
	}
	return rows
}

func lost(r platform.Refresh) string {
	if r.AfterLostAnswer == platform.RepeatFor {
		return "repeat for " + text(r.RepeatFor)
	}
	return r.AfterLostAnswer
}

func lead(r platform.Refresh) string {
	switch {
	case r.When == platform.WhenUse:
		return "when read; else " + text(r.KeepAlive) + " before the refresh token's end"
	case r.Lead > 0:
		return text(r.Lead)
	case r.LeadPart > 0:
		return strconv.FormatFloat(r.LeadPart, 'g', -1, 64) + " of the life"
	}
	return ""
}

func text(d platform.Duration) string {
	b, err := d.MarshalText()
	if err != nil {
		return ""
	}
	return string(b)
}
