package offline

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// line is one line of input: the members that all commands share, then those of each.
type line struct {
	Platform    string            `json:"platform"`
	Environment string            `json:"environment"`
	App         map[string]words  `json:"app"`
	Endpoints   map[string]string `json:"endpoints"`
	Subject     subject           `json:"subject"`
	Token       struct {
		Access  string `json:"access"`
		Refresh string `json:"refresh"`
	} `json:"token"`
	Now gk.Time `json:"now"`

	Do       string           `json:"do"`
	State    *string          `json:"state"`
	Form     string           `json:"form"`
	AuthType string           `json:"auth_type"`
	Region   string           `json:"region"`
	View     string           `json:"view"`
	Country  string           `json:"country"`
	Scopes   words            `json:"scopes"`
	Callback map[string]words `json:"callback"`
	Call     call             `json:"call"`

	Kind    string  `json:"kind"`
	Request message `json:"request"`

	Stage string `json:"stage"`
	message
	Status   int              `json:"status"`
	Asked    gk.Time          `json:"asked"`
	Received gk.Time          `json:"received"`
	Sent     map[string]words `json:"sent"`
	Code     words            `json:"code"`
	Message  string           `json:"message"`
}

// subject is whose the grant is. Ids are texts, and numbers are taken as such.
type subject struct {
	Kind   string `json:"kind"`
	ID     words  `json:"id"`
	Parent words  `json:"parent"`
	Host   string `json:"host"`
	Region string `json:"region"`
	Name   string `json:"name"`

	Facts map[string]string `json:"facts"` // what was kept of its grant and a request needs (douyin auth_subject_type)
}

// message is an HTTP message: an incoming request, or the answer to one of ours.
type message struct {
	Method     string           `json:"method"`
	URL        string           `json:"url"`
	Headers    map[string]words `json:"headers"`
	Body       raw              `json:"body"`
	BodyBase64 string           `json:"body_base64"`
}

// call is an API call as a caller writes it.
type call struct {
	Method     string           `json:"method"`
	Path       string           `json:"path"`
	Query      map[string]words `json:"query"`
	Headers    map[string]words `json:"headers"`
	Body       raw              `json:"body"`
	Operation  string           `json:"operation"`
	Params     json.RawMessage  `json:"params"`
	ID         words            `json:"id"`
	SignMethod string           `json:"sign_method"`
	System     map[string]words `json:"system"`
	Shop       words            `json:"shop"`
}

// words is one text or a list of them. A number or a truth value is taken as its text.
type words []string

// UnmarshalJSON reads a text, a number, a truth value, null, or a list of these.
func (w *words) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if json.Unmarshal(b, &list) != nil {
		list = []json.RawMessage{b}
	}
	*w = nil
	for _, item := range list {
		var text string
		switch {
		case string(item) == "null":
			continue
		case json.Unmarshal(item, &text) == nil:
		case len(item) > 0 && (item[0] == '{' || item[0] == '['):
			return errors.New("a text, a number or a list of these is wanted")
		default:
			text = string(item)
		}
		*w = append(*w, text)
	}
	return nil
}

// one returns the first text.
func (w words) one() string {
	if len(w) == 0 {
		return ""
	}
	return w[0]
}

// raw is a body: a text that goes as it stands, or JSON that stands for its own text.
type raw []byte

// UnmarshalJSON reads a text, null, or any other JSON as its text.
func (r *raw) UnmarshalJSON(b []byte) error {
	var text string
	switch {
	case string(b) == "null":
		*r = nil
	case json.Unmarshal(b, &text) == nil:
		*r = raw(text)
	default:
		*r = slices.Clone(b)
	}
	return nil
}

func valuesOf(m map[string]words) url.Values {
	if m == nil {
		return nil
	}
	v := make(url.Values, len(m))
	for name, list := range m {
		v[name] = list
	}
	return v
}

func headerOf(m map[string]words) http.Header {
	h := make(http.Header, len(m))
	for name, list := range m {
		for _, value := range list {
			h.Add(name, value)
		}
	}
	return h
}

func (m message) body() ([]byte, error) {
	if m.BodyBase64 == "" {
		return m.Body, nil
	}
	body, err := base64.StdEncoding.DecodeString(m.BodyBase64)
	if err != nil {
		return nil, errors.New("body_base64 is not base64")
	}
	return body, nil
}

// open makes the app that a line describes, its settings read as the API reads them. A name that is no setting of the
// platform is left out: people reuse one description for several platforms. With an error about a setting the app is
// there all the same, for those to whom the setting does not matter.
func (l *line) open(d platform.Driver, now time.Time) (platform.App, error) {
	facts := d.Spec().Facts
	switch l.Environment {
	case "", gk.Production, gk.Sandbox:
	default:
		return platform.App{}, fmt.Errorf("environment %q is neither production nor sandbox", l.Environment)
	}
	var bad []error
	app := platform.App{
		Environment: l.Environment, Profile: l.App["profile"].one(), Stage: l.App["stage"].one(),
		Settings: make(map[string]string), Secrets: make(map[string][]gk.Secret),
		Endpoints: l.Endpoints, Now: now, Nonce: nonce(),
	}
	if app.Profile != "" && !slices.Contains(facts.Profiles, app.Profile) {
		return platform.App{}, fmt.Errorf("app.profile %q is none of %s", app.Profile, strings.Join(facts.Profiles, ", "))
	}
	if app.Profile == "" && l.Do == "obtain" {
		app.Profile = askingAgain(facts)
	}
	for name, values := range l.App {
		setting, known := facts.Settings[name]
		switch {
		case setting.Secret:
			for _, v := range values {
				if _, err := facts.ReadSetting(name, v); err != nil {
					bad = append(bad, err)
				}
				if v = platform.TrimSetting(v); v != "" {
					app.Secrets[name] = append(app.Secrets[name], gk.NewSecret(v))
				}
			}
		case known || name == "redirect_uri" || name == "push_url":
			text := strings.Join(values, " ")
			value, err := facts.ReadSetting(name, text)
			if err != nil {
				bad = append(bad, err)
				value = platform.TrimSetting(text)
			}
			app.Settings[name] = value
		}
	}
	return d.Spec().Open(app), errors.Join(bad...)
}

// askingAgain returns the first profile whose tokens are obtained with the app's own credentials: whoever asks for such a
// token means it, unless they name another. Empty if there is none.
func askingAgain(facts *platform.Facts) string {
	for _, profile := range facts.Profiles {
		if facts.RefreshOf(profile, "online").Style == platform.Reask {
			return profile
		}
	}
	return ""
}

// nonce returns 32 random hex digits.
func nonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	return hex.EncodeToString(b[:])
}

func (s subject) noun() gk.Subject {
	return gk.Subject{Kind: s.Kind, ID: s.ID.one(), Parent: s.Parent.one(), Host: s.Host, Region: s.Region, Name: s.Name}
}

func (l *line) token() gk.Token {
	return gk.Token{Access: gk.NewSecret(l.Token.Access), Refresh: gk.NewSecret(l.Token.Refresh)}
}

func (l *line) step() Step {
	s := Step{Do: l.Do, Subject: l.Subject.noun(), Facts: l.Subject.Facts, Token: l.token(), Callback: valuesOf(l.Callback)}
	s.Want = platform.Want{Form: l.Form, Scopes: l.Scopes, Extra: make(url.Values)}
	if l.State != nil {
		s.Want.State = *l.State
	}
	if l.AuthType != "" {
		s.Want.Extra.Set("auth_type", l.AuthType)
	}
	if l.View != "" {
		s.Want.Extra.Set("view", l.View)
	}
	if l.Region != "" {
		s.Want.Extra.Set("region", l.Region)
	}
	if l.Country != "" {
		s.Want.Extra.Set("country", l.Country)
	}
	s.Call = l.Call.noun()
	s.Call.Free = true
	return s
}
