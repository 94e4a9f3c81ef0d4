package signing_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/grantkeep/grantkeep/platform/signing"
)

func TestPairsKeepTheirOrderUntilSorted(t *testing.T) {
	p := signing.Pairs{{"b", "1"}, {"B", "2"}, {"a_b", "3"}, {"ab", "4"}, {"a", ""}, {"a1", " "}}
	for name, c := range map[string]struct{ got, want string }{
		"as sent":         {p.Joined("=", "&"), "b=1&B=2&a_b=3&ab=4&a=&a1= "},
		"sorted":          {p.Sorted().Joined("", ""), "B2aa1 a_b3ab4b1"},
		"without blanks":  {p.Filled().Sorted().Joined("", ""), "B2a_b3ab4b1"},
		"sorted as whole": {signing.Pairs{{"a1", "x"}, {"a", "1"}}.SortedWhole("=").Joined("=", "&"), "a1=x&a=1"},
		"some left out":   {p.Without("b", "B").Sorted().Joined("=", ""), "a=a1= a_b=3ab=4"},
		"encoded":         {signing.Pairs{{"redirect uri", "a b+c/é"}}.Encode(), "redirect%20uri=a%20b%2Bc%2F%C3%A9"},
		"of a query":      {signing.Of(url.Values{"b": {"1", "2"}, "a": {"3"}}).Encode(), "a=3&b=1&b=2"},
		"and back":        {p.Values().Encode(), "B=2&a=&a1=+&a_b=3&ab=4&b=1"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", name, c.got, c.want)
		}
	}
	if p.Joined("=", "&") != "b=1&B=2&a_b=3&ab=4&a=&a1= " {
		t.Error("a method changed its receiver")
	}
}

func TestSetReplacesOrAppends(t *testing.T) {
	p := signing.Pairs{{"a", "1"}}
	p.Set("a", "2")
	p.Set("b", "3")
	if !slices.Equal(p, signing.Pairs{{"a", "2"}, {"b", "3"}}) || p.Get("b") != "3" || p.Get("c") != "" {
		t.Errorf("after Set: %v", p)
	}
}
