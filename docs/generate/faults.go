package main

import (
	"fmt"
	"strings"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// faultsSection lists a catalogue in the order in which it is searched.
func faultsSection(c *platform.Catalogue) string {
	var rows [][]string
	for _, r := range c.Rows() {
		rows = append(rows, []string{r.Stage, code(r.Code), code(r.PatternText), string(r.Action), ends(r), r.Cause.En, r.Remedy.En})
	}
	return "The first row that matches wins. `local:` and `hub_` rows are situations that Grantkeep recognises itself.\n\n" +
		table([]string{"stage", "code", "text", "action", "ends the grant", "cause", "remedy"}, rows)
}

func ends(r *platform.Row) string {
	if r.Terminal {
		return "yes"
	}
	return ""
}

// faultsPage is docs/faults.md: every catalogue in the three languages.
func faultsPage(drivers []platform.Driver) string {
	var b strings.Builder
	b.WriteString(notice + "\n# Faults\n\n" +
		"What the platforms answer when something is wrong, what it means and what to do. `grantkeep explain` finds these rows by code or text.\n" +
		"The action says whose move it is: `retry`, `backoff`, `refresh` and `none` are Grantkeep's own, `reauthorize` is the merchant's, " +
		"`fix_config`, `fix_request` and `contact_platform` are yours, `wait_approval` is the platform's.\n")
	b.WriteString("\n## Our own states · 我们自己的状态 · 我們自己的狀態\n\nThese are alike on every platform; no platform says them.\n\n")
	var ours [][]string
	for _, o := range explain.Ours() {
		ours = append(ours, []string{code(o.Code), string(o.Action), said(o.Cause.ZhCN, o.Remedy.ZhCN), said(o.Cause.ZhTW, o.Remedy.ZhTW), said(o.Cause.En, o.Remedy.En)})
	}
	b.WriteString(table([]string{"code", "action", "简体中文", "繁體中文", "English"}, ours))
	for _, d := range drivers {
		names := d.Spec().Facts.Names
		fmt.Fprintf(&b, "\n## %s · %s · %s\n\n", names.En, names.ZhCN, names.ZhTW)
		var rows [][]string
		for _, r := range d.Spec().Catalogue.Rows() {
			rows = append(rows, []string{
				r.Stage, code(r.Code), r.Example, string(r.Action), ends(r),
				said(r.Cause.ZhCN, r.Remedy.ZhCN), said(r.Cause.ZhTW, r.Remedy.ZhTW), said(r.Cause.En, r.Remedy.En),
			})
		}
		b.WriteString(table([]string{"stage", "code", "text", "action", "ends the grant", "简体中文", "繁體中文", "English"}, rows))
	}
	return b.String()
}

// said joins cause and remedy.
func said(cause, remedy string) string { return cause + " → " + remedy }
