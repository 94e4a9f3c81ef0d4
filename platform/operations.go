package platform

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// ReadOperations reads what an operator adds to the platforms' lists of operations: a table per platform, in which a
// prefix or a name is grant, app or never.
func ReadOperations(data []byte) (map[string]map[string]string, error) {
	var added map[string]map[string]string
	if err := toml.NewDecoder(bytes.NewReader(data)).Decode(&added); err != nil {
		return nil, fmt.Errorf("want a table per platform with lines such as \"taobao.trade.\" = \"grant\": %w", err)
	}
	return added, nil
}

// AddOperations adds an operator's lines to the facts. It refuses a line that would open what the facts keep from
// everybody: nobody's list makes an operation that mints tokens a merchant's.
func (f *Facts) AddOperations(added map[string]string) error {
	merged := maps.Clone(f.Operations)
	if merged == nil {
		merged = make(map[string]string)
	}
	for _, prefix := range slices.Sorted(maps.Keys(added)) {
		permit := added[prefix]
		if prefix == "" || strings.ContainsFunc(prefix, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%s: %q is no prefix of an operation", f.Code, prefix)
		}
		if err := oneOf(f.Code+"."+prefix, permit, "grant", "app", "never"); err != nil {
			return err
		}
		if permit != "never" && f.keeps(prefix) {
			return fmt.Errorf("%s: %q is kept from everybody, so it cannot be %s", f.Code, prefix, permit)
		}
		for known := range merged {
			if known != prefix && strings.EqualFold(known, prefix) {
				return fmt.Errorf("%s: %q is known as %q: gateways may not tell them apart", f.Code, prefix, known)
			}
		}
		merged[prefix] = permit
	}
	f.Operations = merged
	return nil
}

// keeps reports whether a line of the facts says never to a prefix or to one that it begins with.
func (f *Facts) keeps(prefix string) bool {
	for known, permit := range f.Operations {
		if permit == "never" && len(prefix) >= len(known) && strings.EqualFold(prefix[:len(known)], known) {
			return true
		}
	}
	return false
}
