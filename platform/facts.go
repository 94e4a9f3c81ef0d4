package platform

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	gk "github.com/grantkeep/grantkeep"
)

// Spec is what a driver comes with: its facts and its catalogue.
type Spec struct {
	Code      string
	Facts     *Facts
	Catalogue *Catalogue
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

	// TokenNames: a token answer says whose it is; one that does not cannot be told apart from somebody else's.
	TokenNames bool `toml:"token_names" json:"token_names,omitempty"`
	// NoToken lists operations, by prefix, that the platform refuses with a token.
	NoToken []string `toml:"no_token" json:"no_token,omitempty"`
	// Kinds is which kind of subject a path takes, by prefix; the longest wins, and what no line covers takes any.
	Kinds map[string]string `toml:"kinds" json:"kinds,omitempty"`
	// Retired is hosts that the platform no longer serves, and the host that stands for each.
	Retired map[string]string `toml:"retired" json:"retired,omitempty"`
	// Windows names the partial permissions that a token's ends are told for one by one.
	Windows []string `toml:"windows" json:"windows,omitempty"`

	ShopNeeded bool          `toml:"shop_needed" json:"shop_needed"`         // a link needs the shop's host first
	ShopSuffix string        `toml:"shop_suffix" json:"shop_suffix"`         // fixed end of a shop's host, for the form that asks for it
	ShopAdmin  string        `toml:"shop_admin" json:"shop_admin,omitempty"` // beginning of an admin's address, before the first label of the shop's host
	Endpoints  []Endpoint    `toml:"endpoints" json:"endpoints"`
	Link       LinkFacts     `toml:"link" json:"link"`
	Callback   CallbackFact  `toml:"callback" json:"callback"`
	Recovery   RecoveryFacts `toml:"recovery" json:"recovery"`
	Refresh    Refresh       `toml:"renew" json:"renew"`
	AppToken   *AppToken     `toml:"app_token" json:"app_token,omitempty"` // nil: requests need none
	Testing    *Testing      `toml:"testing" json:"testing,omitempty"`
	Limits     Limits        `toml:"limits" json:"limits"`
	Push       PushFacts     `toml:"push" json:"push"`
	Paste      PasteFacts    `toml:"paste" json:"paste"`
	Lookup     Lookup        `toml:"lookup" json:"lookup"`
	Page       PageFacts     `toml:"page" json:"page"`

	Settings   map[string]Setting `toml:"settings" json:"settings"`
	Hosts      map[string]string  `toml:"hosts" json:"hosts"`           // kind = RE2, matched against the whole lower-cased host
	Operations map[string]string  `toml:"operations" json:"operations"` // prefix or name = grant | app | never; the longest wins; see Permit for the rest
	Reserved   Reserved           `toml:"reserved" json:"reserved"`
	Profile    map[string]Variant `toml:"profile" json:"profile"`
	Sources    map[string]Source  `toml:"sources" json:"sources"`

	hostPatterns map[string]*regexp.Regexp
}

// Endpoint is the base addresses of one environment and region.
type Endpoint struct {
	Environment string            `toml:"environment" json:"environment"`
	Region      string            `toml:"region" json:"region"` // of the app's setting `region`; empty: the default
	Bases       map[string]string `toml:"bases" json:"bases"`   // authorize, exchange (else token), token, api, api_REGION, partner …; {NAME}: the subject's host, matched by hosts.NAME
}

// LinkFacts is what the page that a merchant opens is like.
type LinkFacts struct {
	Life      Duration `toml:"life" json:"life"`       // of the platform's link; 0: does not expire
	Finish    Duration `toml:"finish" json:"finish"`   // time the merchant has on the platform's page; 0: unknown
	Forms     []string `toml:"forms" json:"forms"`     // variants; the first is the default
	Cancel    bool     `toml:"cancel" json:"cancel"`   // the platform has a page where a merchant withdraws
	Chooses   bool     `toml:"chooses" json:"chooses"` // the merchant chooses on the platform's page how long the authorization lasts
	Longest   Duration `toml:"longest" json:"longest"` // the longest period to choose; 0: not published
	ScopeJoin string   `toml:"scope_join" json:"scope_join"`
	CodeLife  Duration `toml:"code_life" json:"code_life"` // 0: not published
}

// RecoveryFacts is what a platform's console gives a vendor to get grants back with, traded without a merchant.
type RecoveryFacts struct {
	Codes []string `toml:"codes" json:"codes,omitempty"` // names of the codes
	With  []string `toml:"with" json:"with,omitempty"`   // names of what may stand beside one
}

// CallbackFact is how the merchant comes back.
type CallbackFact struct {
	Unsolicited bool   `toml:"unsolicited" json:"unsolicited"` // comes without our state too
	StateIn     string `toml:"state_in" json:"state_in"`       // query | redirect | customField | path | none
	Proof       bool   `toml:"proof" json:"proof"`             // carries a proof of the platform

	// Names tells, by kind of subject, the parameter that names whose code it is, where it stands beside the code.
	Names map[string]string `toml:"names" json:"names,omitempty"`

	// CodeRepeat is how long a code brings the same pair again, however often it is traded; 0: it works once.
	CodeRepeat Duration `toml:"code_repeat" json:"code_repeat,omitempty"`
}

// Limits is what a platform allows.
type Limits struct {
	TokenCalls TokenCalls        `toml:"token_calls" json:"token_calls"`
	Calls      []CallLimit       `toml:"calls" json:"calls"`
	Clock      Duration          `toml:"clock" json:"clock"`                       // how far a signed timestamp may lie from the platform's clock; 0: unknown
	ClockAhead Duration          `toml:"clock_ahead" json:"clock_ahead,omitempty"` // the same for one that lies ahead; 0: as clock
	Pause      map[string]string `toml:"pause" json:"pause"`                       // platform's code = how long to stop: a duration, or "midnight" of the refresh's zone
}

// TokenCalls limits exchanges, refreshes and client credentials of one subject. Zero fields: no limit published.
type TokenCalls struct {
	Gap     Duration `toml:"gap" json:"gap"`         // at least this long between two
	Day     int64    `toml:"day" json:"day"`         // in a day of the refresh's zone
	Reserve int64    `toml:"reserve" json:"reserve"` // of them kept for people
}

// CallLimit is one bucket of API calls.
type CallLimit struct {
	Per    string  `toml:"per" json:"per"` // grant | shop | app | operation: of a grant, each has a bucket of its own
	Burst  int     `toml:"burst" json:"burst"`
	Second float64 `toml:"second" json:"second"`           // calls a second
	Header string  `toml:"header" json:"header,omitempty"` // of an answer that tells USED/SIZE of this bucket, whoever used it

	// Only and Except say which operations or paths draw from the bucket, each as an RE2 of the whole; empty: all, and none.
	Only   string `toml:"only" json:"only,omitempty"`
	Except string `toml:"except" json:"except,omitempty"`

	only, except *regexp.Regexp
}

// Covers reports whether an operation, or the path of a REST call, draws from the bucket.
func (l CallLimit) Covers(operation string) bool {
	return (l.only == nil || l.only.MatchString(operation)) && (l.except == nil || !l.except.MatchString(operation))
}

// compile reads the patterns of a bucket.
func (l *CallLimit) compile() error {
	for _, p := range []struct {
		text string
		into **regexp.Regexp
	}{{l.Only, &l.only}, {l.Except, &l.except}} {
		if p.text == "" {
			continue
		}
		compiled, err := regexp.Compile(`\A(?:` + p.text + `)\z`)
		if err != nil {
			return err
		}
		*p.into = compiled
	}
	return nil
}

// PushFacts is how the platform tells us something.
type PushFacts struct {
	Proof     bool   `toml:"proof" json:"proof"`
	Time      bool   `toml:"time" json:"time"`           // carries a trustworthy time of the event
	Subscribe string `toml:"subscribe" json:"subscribe"` // grant | app | console | ""
	// Certificate is the kind that the push address must have: organisation (OV or EV); empty: any that is trusted.
	Certificate string   `toml:"certificate" json:"certificate,omitempty"`
	Pull        Duration `toml:"pull" json:"pull"`     // how often a Puller is asked; 0: never
	Census      Duration `toml:"census" json:"census"` // how often a Census is taken; 0: never
	Probe       Duration `toml:"probe" json:"probe"`   // how often an Inspector checks that a grant lives; 0: never

	// ExpiresWithin is how long before an authorization's end the platform begins to tell of it, for a message that does not
	// tell when; 0: not published.
	ExpiresWithin Duration `toml:"expires_within" json:"expires_within,omitempty"`

	// AnswerWithin is how long the platform waits for our answer to a push; 0: not published.
	AnswerWithin Duration `toml:"answer_within" json:"answer_within,omitempty"`
}

// AppToken is a token of the app itself, which requests about merchants' grants carry as App.Token. It is a grant of its own,
// of the subject app:ID, made when it is first needed: RefreshRequest gets that subject without a token.
type AppToken struct {
	Refresh Refresh `toml:"renew" json:"renew"`
}

// PasteFacts is about tokens that a merchant copies out of the platform's own pages, since no link leads to one.
type PasteFacts struct {
	Profiles []string `toml:"profiles" json:"profiles,omitempty"` // of apps whose merchants do that
	Label    Texts    `toml:"label" json:"label"`                 // what the platform calls the token
	Help     Texts    `toml:"help" json:"help"`                   // where it is found
}

// Pastes reports whether merchants of an app of a profile paste a token.
func (f *Facts) Pastes(profile string) bool { return slices.Contains(f.Paste.Profiles, profile) }

// Lookup is how a platform's error texts are matched.
type Lookup struct {
	ModulePrefix bool `toml:"module_prefix" json:"module_prefix"`   // a code may carry one module prefix: common.error_auth
	AnyStage     bool `toml:"any_stage" json:"any_stage"`           // at last, the text alone in any stage
	Fold         bool `toml:"fold" json:"fold"`                     // texts: case ignored, trimmed, blanks collapsed, &apos; decoded
	SubCodes     bool `toml:"sub_codes" json:"sub_codes"`           // CODE:SUB in a row's code names a sub-code: skipped where only a text is known
	CatchAllLast bool `toml:"catch_all_last" json:"catch_all_last"` // a row that matches everything yields to the text alone

	// TokenRefused lists the rows, by code or id, with which a call is told that its access token is not accepted: a
	// refresh may help.
	TokenRefused []string `toml:"token_refused" json:"token_refused"`

	// NotRenewable lists the rows, by code or id, with which a refresh is told that grants of this kind are never
	// refreshed: nothing is wrong with the grant, and its token is good until its end.
	NotRenewable []string `toml:"not_renewable" json:"not_renewable,omitempty"`

	// WindowEnded names, by a row's code or id, the partial permission of Windows whose end a call met.
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

// NotRenewable reports whether the refusal of a refresh says that grants of this kind are never refreshed.
func (s *Spec) NotRenewable(f *gk.Fault) bool {
	if f == nil {
		return false
	}
	row := s.Catalogue.Row(f.Row)
	return slices.Contains(s.Facts.Lookup.NotRenewable, f.Row) || row != nil && slices.Contains(s.Facts.Lookup.NotRenewable, row.Code)
}

// WindowEnded returns the partial permission that a fault of a call says has ended: a refresh opens it again. It is
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
	Short   Texts  `toml:"short" json:"short"`         // one or two letters for the platform's tile
	Tint    int    `toml:"tint" json:"tint,omitempty"` // the tile's colour, 1 to 9 of the style sheet; 0: the first
	Name    Texts  `toml:"name" json:"name"`           // what merchants call the platform; empty: the names that vendors know

	// Refusals tells which refusals a merchant can mend, and how: kind = rows, by id or by their example.
	Refusals map[string][]string `toml:"refusals" json:"refusals,omitempty"`
}

// Kinds of a refusal in the merchant's eyes. What stands in none of them is between the platform and the vendor.
const (
	RefusedCancelled = "cancelled"     // the merchant said no
	RefusedMain      = "main_account"  // the main account has to authorize, or to allow it
	RefusedOther     = "other_account" // this account cannot authorize, another can
	RefusedTest      = "test_account"  // the app is in testing: the platform's test account has to be used
	RefusedOrder     = "order"         // the service has to be ordered first
	RefusedScopes    = "scopes"        // permissions were left out that the app needs
	RefusedLate      = "late"          // the platform's page was open too long
	RefusedAgain     = "again"         // the attempt is over, and another one may succeed
	RefusedSuspended = "suspended"     // the platform has suspended the shop
)

var refusals = []string{
	RefusedCancelled, RefusedMain, RefusedOther, RefusedTest, RefusedOrder, RefusedScopes, RefusedLate, RefusedAgain, RefusedSuspended,
}

// Refusal returns what kind a platform's refusal is in the merchant's eyes, empty where the merchant can mend nothing.
func (s *Spec) Refusal(f *gk.Fault) string {
	if f == nil {
		return ""
	}
	row := s.Catalogue.Row(f.Row)
	if row == nil {
		return ""
	}
	for _, kind := range refusals {
		if slices.ContainsFunc(s.Facts.Page.Refusals[kind], row.named) {
			return kind
		}
	}
	return ""
}

// named reports whether a text is the row's id or its example.
func (r *Row) named(text string) bool { return text == r.ID || r.Example != "" && text == r.Example }

// checkRefusals returns an error for a refusal of a kind that the pages do not know, or that no row says.
func (s *Spec) checkRefusals() error {
	for kind, texts := range s.Facts.Page.Refusals {
		if err := oneOf("page.refusals", kind, refusals...); err != nil {
			return err
		}
		for _, text := range texts {
			if !slices.ContainsFunc(s.Catalogue.rows, func(r *Row) bool { return r.named(text) }) {
				return fmt.Errorf("page.refusals.%s: %q is neither the id nor the example of a row of faults.csv", kind, text)
			}
		}
	}
	return nil
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
	Identity bool     `toml:"identity" json:"identity,omitempty"` // whom the secrets stand for, or where they go: another value needs them again
	Role     string   `toml:"role" json:"role,omitempty"`         // RoleSecretEnds, RolePushed, or empty
	Required []string `toml:"required" json:"required"`           // profiles that need it; "*": all
	Choices  []string `toml:"choices" json:"choices,omitempty"`
	Default  string   `toml:"default" json:"default,omitempty"`
	Max      int64    `toml:"max" json:"max,omitempty"`       // of an int; 0: no limit known
	Digits   bool     `toml:"digits" json:"digits,omitempty"` // of a text: an id that the platform writes with digits only
	Label    Texts    `toml:"label" json:"label"`
	Help     Texts    `toml:"help" json:"help"`
}

// Roles of a setting that the engine has to know.
const (
	RoleSecretEnds = "secret_ends" // tells when the app's secret ends: its vendor is warned before
	RolePushed     = "pushed"      // a secret that the platform pushes, and nobody enters: Notice.Secrets brings it
)

// InRole returns the name of the setting with a role, empty where the platform has none.
func (f *Facts) InRole(role string) string {
	for name, s := range f.Settings {
		if s.Role == role {
			return name
		}
	}
	return ""
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

// Permit returns what an operation (its name, or the path of a REST call) may be used for: grant, app or never. What is
// not for a grant is so in any case of letters, since some gateways do not tell them apart. An operation that no line
// covers is one of the app, whoever asks: nobody has said that a merchant's token belongs to it. A path that no line
// covers is none of the API.
func (f *Facts) Permit(operation string) string {
	best, permit := -1, "never"
	if f.Style == "operation" && operation != "" {
		permit = "app"
	}
	for prefix, p := range f.Operations {
		matches := strings.HasPrefix(operation, prefix) ||
			p != "grant" && len(operation) >= len(prefix) && strings.EqualFold(operation[:len(prefix)], prefix)
		if matches && len(prefix) > best {
			best, permit = len(prefix), p
		}
	}
	return permit
}

// mostNamed is how many beginnings of operations an error lists.
const mostNamed = 8

// Callable says in words what a grant, or an app, may call: what the operations that are its own begin with.
func (f *Facts) Callable(permit string) string {
	var own []string
	for _, prefix := range slices.Sorted(maps.Keys(f.Operations)) {
		if f.Operations[prefix] == permit {
			own = append(own, prefix)
		}
	}
	who := "a grant"
	if permit == "app" {
		who = "the app"
	}
	if len(own) == 0 {
		return who + " has no operations on this platform"
	}
	more := ""
	if len(own) > mostNamed {
		own, more = own[:mostNamed], "; GET /v1/platforms lists the others"
	}
	return who + " may call what begins with " + strings.Join(own, ", ") + more
}

// EmptyToken reports whether an operation wants no token.
func (f *Facts) EmptyToken(operation string) bool {
	return slices.ContainsFunc(f.NoToken, func(prefix string) bool { return strings.HasPrefix(operation, prefix) })
}

// KindOf returns the kind of subject that a path takes, empty where the facts do not say.
func (f *Facts) KindOf(path string) string {
	best, kind := -1, ""
	for prefix, k := range f.Kinds {
		if strings.HasPrefix(path, prefix) && len(prefix) > best {
			best, kind = len(prefix), k
		}
	}
	return kind
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
