package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/grantkeep/grantkeep/platform"
)

// sourced are the tables of a platform.toml that the section lists, in this order.
var sourced = []string{"link", "callback", "renew", "profile", "limits", "push", "lookup", "hosts", "operations", "reserved"}

// factsSection lists the facts of a platform with their sources, then the settings of an app.
func factsSection(file string, f *platform.Facts) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Maturity: %s. Calls: %s. Subjects: %s. Profiles: %s. Stages: %s.\n\n",
		f.Maturity, f.Style, list(f.Subjects), list(f.Profiles), list(f.Stages))
	var rows [][]string
	for _, e := range f.Endpoints {
		for _, name := range slices.Sorted(keys(e.Bases)) {
			rows = append(rows, []string{e.Environment, e.Region, name, code(e.Bases[name])})
		}
	}
	b.WriteString(table([]string{"environment", "region", "endpoint", "base"}, rows) + "\n")

	rows = nil
	for _, name := range sourced {
		walk(name, tree[name], func(path, value string) {
			s := sourceOf(f, path)
			rows = append(rows, []string{code(path), code(value), s.From, s.Sure, day(s)})
		})
	}
	b.WriteString(table([]string{"fact", "value", "source", "sure", "date"}, rows) + "\n")

	rows = nil
	for _, name := range slices.Sorted(keys(f.Settings)) {
		s := f.Settings[name]
		form, secret := s.Type, ""
		if s.Digits {
			form = "digits"
		}
		if s.Secret {
			secret = "secret"
		}
		rows = append(rows, []string{code(name), strings.TrimSpace(form + " " + secret), list(s.Required), s.Help.En})
	}
	b.WriteString(table([]string{"setting", "type", "required for", "what it is"}, rows))
	return b.String(), nil
}

func day(s platform.Source) string {
	if s.From == "" {
		return ""
	}
	return s.Date.String()
}

func list(items []string) string {
	if len(items) == 0 {
		return "–"
	}
	return strings.Join(items, ", ")
}

// walk visits every value below a path in order.
func walk(path string, v any, visit func(path, value string)) {
	switch v := v.(type) {
	case nil:
	case map[string]any:
		for _, name := range slices.Sorted(keys(v)) {
			walk(path+"."+name, v[name], visit)
		}
	case []any:
		var items []string
		for _, item := range v {
			items = append(items, inline(item))
		}
		visit(path, strings.Join(items, ", "))
	default:
		visit(path, fmt.Sprint(v))
	}
}

// inline writes an item of a list.
func inline(v any) string {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprint(v)
	}
	var parts []string
	for _, name := range slices.Sorted(keys(m)) {
		parts = append(parts, name+" "+fmt.Sprint(m[name]))
	}
	return strings.Join(parts, " ")
}

// sourceOf returns the source of the fact or of a table around it.
func sourceOf(f *platform.Facts, path string) platform.Source {
	for {
		if s, ok := f.Sources[path]; ok {
			return s
		}
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return platform.Source{}
		}
		path = path[:i]
	}
}
