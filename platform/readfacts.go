package platform

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// Load reads a driver's two data files. It panics on a mistake in them: they are embedded, so a mistake is one of the
// build, and every test of the driver meets it.
func Load(platformTOML, faultsCSV []byte) *Spec {
	facts, err := ReadFacts(platformTOML)
	if err != nil {
		panic(fmt.Sprintf("platform.toml: %v", err))
	}
	catalogue, err := ReadCatalogue(facts.Code, facts.Lookup, faultsCSV)
	if err != nil {
		panic(fmt.Sprintf("faults.csv of %s: %v", facts.Code, err))
	}
	spec := &Spec{Code: facts.Code, Facts: facts, Catalogue: catalogue}
	if err := spec.checkRefusals(); err != nil {
		panic(fmt.Sprintf("platform.toml of %s: %v", facts.Code, err))
	}
	return spec
}

// ReadFacts reads a platform.toml. An unknown key, a pattern that does not compile, a word outside its list, a text
// that lacks a language or a fact without a source is an error that names it.
func ReadFacts(data []byte) (*Facts, error) {
	dec := toml.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var f Facts
	if err := dec.Decode(&f); err != nil {
		var strict *toml.StrictMissingError
		if errors.As(err, &strict) {
			return nil, fmt.Errorf("unknown key:\n%s", strict.String())
		}
		return nil, err
	}
	f.hostPatterns = make(map[string]*regexp.Regexp)
	for kind, pattern := range f.Hosts {
		p, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
		if err != nil {
			return nil, fmt.Errorf("hosts.%s: %w", kind, err)
		}
		f.hostPatterns[kind] = p
	}
	for i := range f.Limits.Calls {
		if err := f.Limits.Calls[i].compile(); err != nil {
			return nil, fmt.Errorf("limits.calls[%d]: %w", i, err)
		}
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if missing := f.unsourced(data); len(missing) > 0 {
		return nil, fmt.Errorf("facts without a source in [sources]: %s", strings.Join(missing, ", "))
	}
	return &f, nil
}

func oneOf(path, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s", path, value, strings.Join(allowed, ", "))
}

func (f *Facts) check() error {
	errs := []error{
		oneOf("maturity", f.Maturity, "alpha", "beta", "stable"),
		oneOf("style", f.Style, "rest", "operation"),
		oneOf("callback.state_in", f.Callback.StateIn, "query", "redirect", "customField", "path", "none"),
	}
	if f.Code == "" || !f.Names.complete() || len(f.Subjects) == 0 || len(f.Hosts) == 0 || len(f.Endpoints) == 0 {
		errs = append(errs, errors.New("code, names in three languages, subjects, hosts and endpoints are required"))
	}
	errs = append(errs, f.Limits.check(), f.checkRefreshes(), f.checkProfiles())
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		errs = append(errs, f.checkSetting(name, f.Settings[name]))
	}
	errs = append(errs, f.checkPaste())
	for _, row := range slices.Sorted(maps.Keys(f.Lookup.WindowEnded)) {
		errs = append(errs, oneOf("lookup.window_ended."+row, f.Lookup.WindowEnded[row], f.Windows...))
	}
	for _, prefix := range slices.Sorted(maps.Keys(f.Operations)) {
		errs = append(errs, oneOf("operations."+prefix, f.Operations[prefix], "grant", "app", "never"))
	}
	for i, e := range f.Endpoints {
		errs = append(errs, oneOf(fmt.Sprintf("endpoints[%d].environment", i), e.Environment, "production", "sandbox"))
	}
	return errors.Join(errs...)
}

// checkRefreshes looks at the refresh facts that are no profile's.
func (f *Facts) checkRefreshes() error {
	errs := []error{f.Refresh.check("renew")}
	for _, r := range f.refreshes() {
		if r.PinnedTo != "" && !f.Settings[r.PinnedTo].Secret {
			errs = append(errs, fmt.Errorf("renew.pinned_to: %q is no secret setting", r.PinnedTo))
		}
	}
	if f.AppToken != nil {
		errs = append(errs, f.AppToken.Refresh.check("app_token.renew"), oneOf("app_token.renew.style", f.AppToken.Refresh.Style, Reask, Keep))
	}
	if f.Testing != nil && f.Testing.Refresh != nil {
		errs = append(errs, f.Testing.Refresh.check("testing.renew"))
	}
	if f.CheckProfile != "" && f.RefreshOf(f.CheckProfile, "").Style != Reask {
		errs = append(errs, fmt.Errorf("check_profile: %q is no profile that asks for its token anew", f.CheckProfile))
	}
	return errors.Join(errs...)
}

func (f *Facts) checkProfiles() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(f.Profile)) {
		v := f.Profile[name]
		if !slices.Contains(f.Profiles, name) {
			errs = append(errs, fmt.Errorf("profile.%s: not among profiles", name))
		}
		if v.Refresh != nil {
			errs = append(errs, v.Refresh.check("profile."+name+".renew"))
		}
		if v.Testing != nil && v.Testing.Refresh != nil {
			errs = append(errs, v.Testing.Refresh.check("profile."+name+".testing.renew"))
		}
	}
	return errors.Join(errs...)
}

func (f *Facts) checkSetting(name string, s Setting) error {
	errs := []error{oneOf("settings."+name+".type", s.Type, "text", "int", "url", "list", "choice", "time", "bool")}
	if s.Role != "" {
		errs = append(errs, oneOf("settings."+name+".role", s.Role, RoleSecretEnds, RolePushed))
	}
	for _, rule := range []struct {
		broken bool
		why    string
	}{
		{!s.Help.complete() || !s.Label.complete(), "label and help are needed in three languages"},
		{s.Identity && s.Secret || s.Role == RoleSecretEnds && s.Type != "time", "a secret is no identity, and what ends is a time"},
		{s.Role == RolePushed && (!s.Secret || len(s.Required) > 0), "what is pushed is a secret, and nobody can be required to enter it"},
	} {
		if rule.broken {
			errs = append(errs, fmt.Errorf("settings.%s: %s", name, rule.why))
		}
	}
	for _, p := range s.Required {
		if p != "*" && !slices.Contains(f.Profiles, p) {
			errs = append(errs, fmt.Errorf("settings.%s.required: %q is no profile", name, p))
		}
	}
	return errors.Join(errs...)
}

func (f *Facts) checkPaste() error {
	var errs []error
	if len(f.Paste.Profiles) > 0 && (!f.Paste.Label.complete() || !f.Paste.Help.complete()) {
		errs = append(errs, errors.New("paste: label and help are needed in three languages"))
	}
	for _, name := range f.Paste.Profiles {
		errs = append(errs, oneOf("paste.profiles", name, f.Profiles...))
	}
	return errors.Join(errs...)
}

// refreshes lists the refresh facts of the platform and of its profiles.
func (f *Facts) refreshes() []Refresh {
	all := []Refresh{f.Refresh}
	for _, v := range f.Profile {
		if v.Refresh != nil {
			all = append(all, *v.Refresh)
		}
	}
	return all
}

func (r Refresh) check(path string) error {
	errs := []error{oneOf(path+".style", r.Style, Rotate, SameUntilNear, Extend, Keep, Reask, NoRefresh)}
	if r.From != "" {
		errs = append(errs, oneOf(path+".from", r.From, FromAccess))
	}
	if r.Style != NoRefresh {
		errs = append(errs, lostAnswer(path, r.AfterLostAnswer, r.RepeatFor))
	}
	if r.Trade != nil {
		errs = append(errs, lostAnswer(path+".trade", r.Trade.AfterLostAnswer, r.Trade.RepeatFor))
	}
	if r.whenRead() {
		errs = append(errs, oneOf(path+".when", r.When, WhenUse))
	}
	for _, rule := range []struct {
		broken bool
		why    string
	}{
		{r.Style != NoRefresh && !r.leads(), ": either lead or lead_part (up to 0.9)"},
		{r.Trade != nil && r.From == "", ".trade needs from"},
		{r.whenRead() && (r.KeepAlive <= 0 || r.RefreshLife < 2*r.KeepAlive),
			".keep_alive is needed with when, and a refresh_life of at least twice as long"},
		{r.UsefulIn != 0 && (r.Lead == 0 || r.Lead+r.Lead/4 >= r.UsefulIn), // refreshes are spread over a quarter of the lead before it
			".useful_in needs a lead of less than four fifths of it; an earlier refresh brings the same pair"},
	} {
		if rule.broken {
			errs = append(errs, errors.New(path+rule.why))
		}
	}
	if r.Window != "" {
		if _, _, err := r.WindowSpan(); err != nil {
			errs = append(errs, fmt.Errorf("%s.window: %w", path, err))
		}
	}
	if _, err := time.LoadLocation(r.Zone); err != nil {
		errs = append(errs, fmt.Errorf("%s.zone: %w", path, err))
	}
	return errors.Join(errs...)
}

// whenRead reports whether the facts say something of refreshes on use.
func (r Refresh) whenRead() bool { return r.When != "" || r.KeepAlive != 0 }

// leads reports whether the facts say in one way how long before the end a refresh comes; on use, either is optional.
func (r Refresh) leads() bool {
	once := r.When != "" || (r.Lead == 0) != (r.LeadPart == 0)
	return once && r.LeadPart >= 0 && r.LeadPart <= 0.9
}

// lostAnswer checks what is done after a lost answer.
func lostAnswer(path, rule string, span Duration) error {
	err := oneOf(path+".after_lost_answer", rule, RepeatAny, RepeatFor, Once)
	if rule == RepeatFor && span == 0 {
		err = errors.Join(err, fmt.Errorf("%s.repeat_for is needed with after_lost_answer = repeat_for", path))
	}
	return err
}

// sourced are the tables whose every fact needs a source.
var sourced = []string{"endpoints", "link", "callback", "recovery", "renew", "limits", "push", "hosts", "profile", "testing", "app_token"}

// unsourced lists the facts for which [sources] has neither their own path nor that of a table around them.
func (f *Facts) unsourced(data []byte) []string {
	var tree map[string]any
	if err := toml.Unmarshal(data, &tree); err != nil {
		return []string{err.Error()}
	}
	var missing []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		if m, ok := v.(map[string]any); ok {
			for _, k := range slices.Sorted(maps.Keys(m)) {
				walk(path+"."+k, m[k])
			}
			return
		}
		for p := path; ; {
			if s, ok := f.Sources[p]; ok && s.From != "" && s.Sure != "" && s.Date != (toml.LocalDate{}) {
				return
			}
			i := strings.LastIndexByte(p, '.')
			if i < 0 {
				break
			}
			p = p[:i]
		}
		missing = append(missing, path)
	}
	for _, table := range sourced {
		if v, ok := tree[table]; ok {
			walk(table, v)
		}
	}
	return missing
}
