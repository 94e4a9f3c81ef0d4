package platform

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	gk "github.com/grantkeep/grantkeep"
)

// Spec is what a driver comes with: its facts and its catalogue.
type Spec struct {
	Code      string
	Facts     *Facts
	Catalogue *Catalogue
}

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
	return &Spec{Code: facts.Code, Facts: facts, Catalogue: catalogue}
}

// Texts is one text for people in the three languages.
type Texts struct {
	ZhCN string `toml:"zh-CN" json:"zh-CN"`
	ZhTW string `toml:"zh-TW" json:"zh-TW"`
	En   string `toml:"en" json:"en"`
}

// In returns the text in a language, English where the language is another.
func (t Texts) In(lang string) string {
	switch lang {
	case "zh-CN":
		return t.ZhCN
	case "zh-TW":
		return t.ZhTW
	}
	return t.En
}

func (t Texts) complete() bool { return t.ZhCN != "" && t.ZhTW != "" && t.En != "" }

// Facts is a platform.toml: what the engine, the pages and the documents read about a platform. Lifetimes that stand
// here are fallbacks and defaults; what an answer says goes before them.
type Facts struct {
	Code       string   `toml:"code" json:"code"`
	Maturity   string   `toml:"maturity" json:"maturity"` // alpha: built from documents · beta: proved against its simulator · stable: run in production
	Names      Texts    `toml:"names" json:"names"`
	Style      string   `toml:"style" json:"style"`             // rest | operation: how a call is written
	Subjects   []string `toml:"subjects" json:"subjects"`       // kinds of subject that a grant may have
	Tokens     bool     `toml:"tokens" json:"tokens"`           // false: grants have no token (Shopee v1)
	Profiles   []string `toml:"profiles" json:"profiles"`       // the first is the default; empty: none
	Stages     []string `toml:"stages" json:"stages"`           // empty: online only
	StreamBody bool     `toml:"stream_body" json:"stream_body"` // the body of a call is neither signed nor looked into, so it may be streamed
	// CheckProfile is a profile whose own token any app of the platform may ask for: asking proves the credentials.
	CheckProfile string `toml:"check_profile" json:"check_profile,omitempty"`

	ShopNeeded bool         `toml:"shop_needed" json:"shop_needed"` // a link needs the shop's host first
	ShopSuffix string       `toml:"shop_suffix" json:"shop_suffix"` // fixed end of a shop's host, for the form that asks for it
	Endpoints  []Endpoint   `toml:"endpoints" json:"endpoints"`
	Link       LinkFacts    `toml:"link" json:"link"`
	Callback   CallbackFact `toml:"callback" json:"callback"`
	Renewal    Renewal      `toml:"renew" json:"renew"`
	Limits     Limits       `toml:"limits" json:"limits"`
	Push       PushFacts    `toml:"push" json:"push"`
	Lookup     Lookup       `toml:"lookup" json:"lookup"`
	Page       PageFacts    `toml:"page" json:"page"`

	Settings   map[string]Setting `toml:"settings" json:"settings"`
	Hosts      map[string]string  `toml:"hosts" json:"hosts"`           // kind = RE2, matched against the whole lower-cased host
	Operations map[string]string  `toml:"operations" json:"operations"` // prefix or name = grant | app | never; the longest wins; what no line covers: never
	Reserved   Reserved           `toml:"reserved" json:"reserved"`
	Profile    map[string]Variant `toml:"profile" json:"profile"`
	Sources    map[string]Source  `toml:"sources" json:"sources"`

	hostPatterns map[string]*regexp.Regexp
}

// Endpoint is the base addresses of one environment and region.
type Endpoint struct {
	Environment string            `toml:"environment" json:"environment"`
	Region      string            `toml:"region" json:"region"` // of the app's setting `region`; empty: the default
	Bases       map[string]string `toml:"bases" json:"bases"`   // authorize, exchange (else token), token, api, partner …; {NAME}: the subject's host, matched by hosts.NAME
}

// LinkFacts is what the page that a merchant opens is like.
type LinkFacts struct {
	Life      Duration `toml:"life" json:"life"`     // of the platform's link; 0: does not expire
	Finish    Duration `toml:"finish" json:"finish"` // time the merchant has on the platform's page; 0: unknown
	Forms     []string `toml:"forms" json:"forms"`   // variants; the first is the default
	Cancel    bool     `toml:"cancel" json:"cancel"` // the platform has a page where a merchant withdraws
	ScopeJoin string   `toml:"scope_join" json:"scope_join"`
	CodeLife  Duration `toml:"code_life" json:"code_life"` // 0: not published
}

// CallbackFact is how the merchant comes back.
type CallbackFact struct {
	Unsolicited bool   `toml:"unsolicited" json:"unsolicited"` // comes without our state too
	StateIn     string `toml:"state_in" json:"state_in"`       // query | redirect | customField | path | none
	Proof       bool   `toml:"proof" json:"proof"`             // carries a proof of the platform
}

// Renewal styles.
const (
	Rotate        = "rotate"          // each renewal brings a new pair, the old refresh token is spent
	SameUntilNear = "same_until_near" // an early renewal returns the pair that was sent
	Extend        = "extend"          // the same token lives longer
	Keep          = "keep"            // a new access token, the refresh token stays
	Reask         = "reask"           // no refresh token: client credentials, self grants
	NoRenewal     = "none"
)

// What to do after a lost answer.
const (
	RepeatAny = "repeat"     // any time
	RepeatFor = "repeat_for" // at once and again until repeat_for has passed, then as once
	Once      = "once"       // one repeat, late
)

// Renewal is how tokens are kept alive.
type Renewal struct {
	Style           string   `toml:"style" json:"style"`
	AfterLostAnswer string   `toml:"after_lost_answer" json:"after_lost_answer"`
	RepeatFor       Duration `toml:"repeat_for" json:"repeat_for"`
	ReuseKills      bool     `toml:"reuse_kills" json:"reuse_kills"` // a second use of a refresh token ends the access token too
	OldAccess       Duration `toml:"old_access" json:"old_access"`   // how long the former access token lives; 0: unknown
	AccessLife      Duration `toml:"access_life" json:"access_life"` // used where an answer does not say
	RefreshLife     Duration `toml:"refresh_life" json:"refresh_life"`
	Ceiling         Duration `toml:"ceiling" json:"ceiling"`     // longest life of the authorization; 0: none known
	Lead            Duration `toml:"lead" json:"lead"`           // renew this long before the end
	LeadPart        float64  `toml:"lead_part" json:"lead_part"` // or this part of the life before it
	Window          string   `toml:"window" json:"window"`       // HH:MM-HH:MM, only for leads over a day
	Zone            string   `toml:"zone" json:"zone"`           // of the window and of daily limits
}

// Location returns the zone, UTC if none is named.
func (r Renewal) Location() *time.Location {
	if loc, err := time.LoadLocation(r.Zone); err == nil {
		return loc
	}
	return time.UTC
}

// Deadline is the hard end of one renewal request: 60 s where a repeat is safe, 300 s where it is not, since cutting
// off a one-time renewal early can only lose.
func (r Renewal) Deadline() time.Duration {
	if r.AfterLostAnswer == Once {
		return 300 * time.Second
	}
	return 60 * time.Second
}

// RepeatSpan is how long after a first request the same refresh token may be sent again: a century where any time,
// zero where once.
func (r Renewal) RepeatSpan() time.Duration {
	switch r.AfterLostAnswer {
	case RepeatAny:
		return 100 * 365 * 24 * time.Hour
	case RepeatFor:
		return time.Duration(r.RepeatFor)
	}
	return 0
}

// Variant is what differs for a profile; testing for its testing stage. A table that stands here replaces the general
// one whole.
type Variant struct {
	Renewal *Renewal `toml:"renew" json:"renew,omitempty"`
	Testing *struct {
		Renewal *Renewal `toml:"renew" json:"renew,omitempty"`
	} `toml:"testing" json:"testing,omitempty"`
}

// Renew returns the renewal facts of a profile and stage.
func (f *Facts) Renew(profile, stage string) Renewal {
	v, ok := f.Profile[profile]
	if !ok {
		return f.Renewal
	}
	if stage == "testing" && v.Testing != nil && v.Testing.Renewal != nil {
		return *v.Testing.Renewal
	}
	if v.Renewal != nil {
		return *v.Renewal
	}
	return f.Renewal
}

// Limits is what a platform allows.
type Limits struct {
	TokenCalls TokenCalls        `toml:"token_calls" json:"token_calls"`
	Calls      []CallLimit       `toml:"calls" json:"calls"`
	Clock      Duration          `toml:"clock" json:"clock"` // how far a signed timestamp may lie from the platform's clock; 0: unknown
	Pause      map[string]string `toml:"pause" json:"pause"` // platform's code = how long to stop: a duration, or "midnight" of the renewal's zone
}

// TokenCalls limits exchanges, renewals and client credentials of one subject. Zero fields: no limit published.
type TokenCalls struct {
	Gap     Duration `toml:"gap" json:"gap"`         // at least this long between two
	Day     int64    `toml:"day" json:"day"`         // in a day of the renewal's zone
	Reserve int64    `toml:"reserve" json:"reserve"` // of them kept for people
}

// CallLimit is one bucket of API calls.
type CallLimit struct {
	Per    string  `toml:"per" json:"per"` // grant | shop | app
	Burst  int     `toml:"burst" json:"burst"`
	Second float64 `toml:"second" json:"second"` // calls a second
}

// PushFacts is how the platform tells us something.
type PushFacts struct {
	Proof     bool     `toml:"proof" json:"proof"`
	Time      bool     `toml:"time" json:"time"`           // carries a trustworthy time of the event
	Subscribe string   `toml:"subscribe" json:"subscribe"` // grant | app | console | ""
	Pull      Duration `toml:"pull" json:"pull"`           // how often a Puller is asked; 0: never
	Census    Duration `toml:"census" json:"census"`       // how often a Census is taken; 0: never
	Probe     Duration `toml:"probe" json:"probe"`         // how often an Inspector checks that a grant lives; 0: never
}

// Lookup is how a platform's error texts are matched.
type Lookup struct {
	ModulePrefix bool `toml:"module_prefix" json:"module_prefix"`   // a code may carry one module prefix: common.error_auth
	AnyStage     bool `toml:"any_stage" json:"any_stage"`           // at last, the text alone in any stage
	Fold         bool `toml:"fold" json:"fold"`                     // texts: case ignored, trimmed, blanks collapsed, &apos; decoded
	SubCodes     bool `toml:"sub_codes" json:"sub_codes"`           // CODE:SUB in a row's code names a sub-code: skipped where only a text is known
	CatchAllLast bool `toml:"catch_all_last" json:"catch_all_last"` // a row that matches everything yields to the text alone

	// TokenRefused lists the rows, by code or id, with which a call is told that its access token is not accepted: a
	// renewal may help.
	TokenRefused []string `toml:"token_refused" json:"token_refused"`

	// WindowEnded names, by a row's code or id, the partial permission (r1 r2 w1 w2) whose end a call met.
	WindowEnded map[string]string `toml:"window_ended" json:"window_ended,omitempty"`
}

// TokenRefused reports whether a fault of a call says that the access token itself is not accepted.
func (s *Spec) TokenRefused(f *gk.Fault) bool {
	if f == nil {
		return false
	}
	row := s.Catalogue.Row(f.Row)
	if row == nil || row.Stage != StageCall {
		return false
	}
	return slices.Contains(s.Facts.Lookup.TokenRefused, row.Code) || slices.Contains(s.Facts.Lookup.TokenRefused, row.ID)
}

// WindowEnded returns the partial permission that a fault of a call says has ended: a renewal opens it again. It is
// empty for any other fault.
func (s *Spec) WindowEnded(f *gk.Fault) string {
	if f == nil {
		return ""
	}
	row := s.Catalogue.Row(f.Row)
	if row == nil || row.Stage != StageCall {
		return ""
	}
	if w := s.Facts.Lookup.WindowEnded[row.Code]; w != "" {
		return w
	}
	return s.Facts.Lookup.WindowEnded[row.ID]
}

// PageFacts is what the merchant's pages say.
type PageFacts struct {
	Account Texts  `toml:"account" json:"account"` // which account to log in with
	Steps   []Step `toml:"steps" json:"steps"`
	Short   Texts  `toml:"short" json:"short"` // one or two letters for the platform's tile
}

// Step is one step of an authorization in the merchant's eyes.
type Step struct {
	Title Texts `toml:"title" json:"title"`
	Text  Texts `toml:"text" json:"text"`
}

// Setting is one setting of an app, by the platform's own name.
type Setting struct {
	Type     string   `toml:"type" json:"type"` // text | int | url | list | choice | time | bool
	Secret   bool     `toml:"secret" json:"secret"`
	Required []string `toml:"required" json:"required"` // profiles that need it; "*": all
	Choices  []string `toml:"choices" json:"choices,omitempty"`
	Default  string   `toml:"default" json:"default,omitempty"`
	Label    Texts    `toml:"label" json:"label"`
	Help     Texts    `toml:"help" json:"help"`
}

// RequiredFor reports whether a profile needs the setting.
func (s Setting) RequiredFor(profile string) bool {
	return slices.Contains(s.Required, "*") || slices.Contains(s.Required, profile)
}

// Reserved is the names that a caller may not set in query, body or headers, compared decoded and case-folded.
type Reserved struct {
	Names []string `toml:"names" json:"names"`
}

// Has reports whether a name is reserved.
func (r Reserved) Has(name string) bool {
	return slices.ContainsFunc(r.Names, func(n string) bool { return strings.EqualFold(n, strings.TrimSpace(name)) })
}

// Source says where a fact comes from. Sure: S seed, O official, A/B/C/D as the platform's page marks them, I inferred.
type Source struct {
	From string         `toml:"from" json:"from"`
	Sure string         `toml:"sure" json:"sure"`
	Date toml.LocalDate `toml:"date" json:"date"`
}

// Permit returns what an operation (its name, or the path of a REST call) may be used for: grant, app or never.
func (f *Facts) Permit(operation string) string {
	best, permit := -1, "never"
	for prefix, p := range f.Operations {
		if strings.HasPrefix(operation, prefix) && len(prefix) > best {
			best, permit = len(prefix), p
		}
	}
	return permit
}

func (f *Facts) endpoint(environment, region, name string) string {
	for _, want := range []string{region, ""} {
		for _, e := range f.Endpoints {
			if e.Environment != environment || e.Region != want {
				continue
			}
			if base := e.Bases[name]; base != "" {
				return base
			}
			if name == "exchange" && e.Bases["token"] != "" {
				return e.Bases["token"]
			}
		}
	}
	return ""
}

// Duration is a length of time as the data files write it: Go's form, and d for days ("168h", "1.5s", "30d").
type Duration time.Duration

// UnmarshalText reads a duration; the empty text is zero.
func (d *Duration) UnmarshalText(b []byte) error {
	text := string(b)
	if text == "" {
		*d = 0
		return nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseFloat(days, 64)
		if err != nil || !(n >= 0 && n <= 36500) { // the negation refuses NaN too
			return fmt.Errorf("%q is not a number of days", text)
		}
		*d = Duration(n * float64(24*time.Hour))
		return nil
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is not a duration such as 90s, 4h or 30d", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes the form that UnmarshalText reads, days where they are whole.
func (d Duration) MarshalText() ([]byte, error) {
	day := Duration(24 * time.Hour)
	if d != 0 && d%day == 0 {
		return []byte(strconv.FormatInt(int64(d/day), 10) + "d"), nil
	}
	return []byte(time.Duration(d).String()), nil
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
	var errs []error
	errs = append(errs,
		oneOf("maturity", f.Maturity, "alpha", "beta", "stable"),
		oneOf("style", f.Style, "rest", "operation"),
		oneOf("callback.state_in", f.Callback.StateIn, "query", "redirect", "customField", "path", "none"))
	if f.Code == "" || !f.Names.complete() || len(f.Subjects) == 0 || len(f.Hosts) == 0 || len(f.Endpoints) == 0 {
		errs = append(errs, errors.New("code, names in three languages, subjects, hosts and endpoints are required"))
	}
	errs = append(errs, f.Renewal.check("renew"), f.Limits.check())
	if f.CheckProfile != "" && f.Renew(f.CheckProfile, "").Style != Reask {
		errs = append(errs, fmt.Errorf("check_profile: %q is no profile that asks for its token anew", f.CheckProfile))
	}
	for _, name := range slices.Sorted(maps.Keys(f.Profile)) {
		v := f.Profile[name]
		if !slices.Contains(f.Profiles, name) {
			errs = append(errs, fmt.Errorf("profile.%s: not among profiles", name))
		}
		if v.Renewal != nil {
			errs = append(errs, v.Renewal.check("profile."+name+".renew"))
		}
		if v.Testing != nil && v.Testing.Renewal != nil {
			errs = append(errs, v.Testing.Renewal.check("profile."+name+".testing.renew"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.Settings)) {
		s := f.Settings[name]
		errs = append(errs, oneOf("settings."+name+".type", s.Type, "text", "int", "url", "list", "choice", "time", "bool"))
		if !s.Help.complete() || !s.Label.complete() {
			errs = append(errs, fmt.Errorf("settings.%s: label and help are needed in three languages", name))
		}
		for _, p := range s.Required {
			if p != "*" && !slices.Contains(f.Profiles, p) {
				errs = append(errs, fmt.Errorf("settings.%s.required: %q is no profile", name, p))
			}
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(f.Operations)) {
		errs = append(errs, oneOf("operations."+prefix, f.Operations[prefix], "grant", "app", "never"))
	}
	for i, e := range f.Endpoints {
		errs = append(errs, oneOf(fmt.Sprintf("endpoints[%d].environment", i), e.Environment, "production", "sandbox"))
	}
	return errors.Join(errs...)
}

func (r Renewal) check(path string) error {
	err := oneOf(path+".style", r.Style, Rotate, SameUntilNear, Extend, Keep, Reask, NoRenewal)
	if r.Style != NoRenewal {
		err = errors.Join(err, oneOf(path+".after_lost_answer", r.AfterLostAnswer, RepeatAny, RepeatFor, Once))
		if r.AfterLostAnswer == RepeatFor && r.RepeatFor == 0 {
			err = errors.Join(err, fmt.Errorf("%s.repeat_for is needed with after_lost_answer = repeat_for", path))
		}
		if (r.Lead == 0) == (r.LeadPart == 0) || r.LeadPart < 0 || r.LeadPart > 0.9 {
			err = errors.Join(err, fmt.Errorf("%s: either lead or lead_part (up to 0.9)", path))
		}
	}
	if r.Window != "" {
		if _, _, werr := r.WindowSpan(); werr != nil {
			err = errors.Join(err, fmt.Errorf("%s.window: %w", path, werr))
		}
	}
	if _, zerr := time.LoadLocation(r.Zone); zerr != nil {
		err = errors.Join(err, fmt.Errorf("%s.zone: %w", path, zerr))
	}
	return err
}

// WindowSpan returns the window's start within a day and its length.
func (r Renewal) WindowSpan() (start, length time.Duration, err error) {
	from, to, ok := strings.Cut(r.Window, "-")
	a, errA := time.Parse("15:04", from)
	b, errB := time.Parse("15:04", to)
	if !ok || errA != nil || errB != nil || !b.After(a) {
		return 0, 0, fmt.Errorf("%q is not HH:MM-HH:MM within one day", r.Window)
	}
	midnight := time.Date(a.Year(), a.Month(), a.Day(), 0, 0, 0, 0, time.UTC)
	return a.Sub(midnight), b.Sub(a), nil
}

// sourced are the tables whose every fact needs a source.
var sourced = []string{"endpoints", "link", "callback", "renew", "limits", "push", "hosts", "profile"}

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
