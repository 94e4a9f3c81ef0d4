package apps

import (
	"errors"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// GivenHost reads the shop's host that a program gives: the host and nothing else, as a platform's own entry has to name
// it, or its first label.
func GivenHost(spec *platform.Spec, text string) (string, error) {
	suffix := spec.Facts.ShopSuffix
	if !strings.Contains(text, ".") {
		text += suffix
	}
	host, err := spec.Host(text)
	if err != nil || !strings.HasSuffix(host, suffix) {
		return "", gk.BadInput("shop", "must be the shop's host, such as shop-1"+suffix+", without scheme, port and path")
	}
	return host, nil
}

// ShopHost reads what a person calls their shop and returns its host; an *Invalid says which kind of mistake it is.
func ShopHost(spec *platform.Spec, text string) (string, error) {
	host, err := spec.ShopHost(text)
	var bad *platform.BadSetting
	if errors.As(err, &bad) {
		return "", gk.BadInput(bad.Name, bad.Why)
	}
	return host, err
}

// CheckSubject reads whom a person names on a platform.
func CheckSubject(spec *platform.Spec, s gk.Subject) (gk.Subject, error) {
	if s.Kind == "" {
		s.Kind = spec.Facts.Subjects[0]
	}
	if !slices.Contains(spec.Facts.Subjects, s.Kind) {
		return s, gk.BadInput("subject.kind", "is none of "+strings.Join(spec.Facts.Subjects, ", "))
	}
	for _, t := range [][2]string{{"subject.id", s.ID}, {"subject.parent", s.Parent}, {"subject.region", s.Region}, {"subject.name", s.Name}} {
		if err := gk.CheckText(t[0], t[1]); err != nil {
			return s, err
		}
	}
	if s.ID != strings.TrimSpace(s.ID) {
		return s, gk.BadInput("subject.id", "begins or ends with a blank")
	}
	var err error
	switch {
	case spec.Facts.ShopNeeded && s.Kind == gk.KindShop:
		if s.Host == "" {
			return s, gk.BadInput("subject.host", "is missing; this platform's calls go to the shop's own host")
		}
		if s.Host, err = GivenHost(spec, s.Host); err != nil {
			return s, gk.BadInput("subject.host", "is no host of a shop of this platform")
		}
	case s.Host != "":
		if s.Host, err = spec.Host(s.Host); err != nil {
			return s, gk.BadInput("subject.host", "is no host of this platform")
		}
	}
	return s, nil
}
