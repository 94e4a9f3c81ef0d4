package sim

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// mostPages bounds one walk through a platform's pages.
const mostPages = 20

// Consent is what a merchant is to do with an authorization link.
type Consent struct {
	URL      string            `json:"url"`
	Shops    []string          `json:"shops"`    // what to agree to; empty: all that the page offers
	Account  string            `json:"account"`  // who logs in; empty: the owner of the first shop
	Decision string            `json:"decision"` // approve (also when empty) or deny
	Fields   map[string]string `json:"fields"`   // answers to further questions of a platform's page
}

// Outcome is where a merchant ended up.
type Outcome struct {
	Callback string `json:"callback"` // where the platform sent the browser; empty: nowhere
	Status   int    `json:"status"`   // of the last answer
	Title    string `json:"title,omitempty"`
	Refusal  string `json:"refusal,omitempty"` // why the platform refused, on its page
}

// browser is a merchant's browser without a screen: it fills pages in as values and never leaves the platform.
type browser struct {
	kit     *Kit
	sim     Simulator
	want    Consent
	cookies map[string]string
	page    *Page // shown by the last answer
}

// consent acts as the merchant until the platform sends the browser away or has nothing more to ask.
func (k *Kit) consent(ctx context.Context, sim Simulator, want Consent) (Outcome, error) {
	if want.Decision == "" {
		want.Decision = Approve
	}
	if want.Decision != Approve && want.Decision != Deny {
		return Outcome{}, fmt.Errorf("decision %q: want approve or deny", want.Decision)
	}
	at, err := url.Parse(want.URL)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return Outcome{}, fmt.Errorf("url: want the whole authorization link, with scheme and host")
	}
	b := &browser{kit: k, sim: sim, want: want, cookies: map[string]string{}}
	var form url.Values
	for range mostPages {
		a, err := b.visit(ctx, at, form)
		if err != nil {
			return Outcome{}, err
		}
		if to := a.header.Get("Location"); to != "" && a.status/100 == 3 {
			next, err := at.Parse(to)
			if err != nil {
				return Outcome{}, fmt.Errorf("the platform redirects to an address that is none: %w", err)
			}
			if next.Host != at.Host || next.Scheme != at.Scheme {
				return Outcome{Callback: next.String(), Status: a.status}, nil
			}
			at, form = next, nil
			continue
		}
		if b.page == nil || b.page.Form == nil || len(b.page.Form.Buttons) == 0 {
			return b.stranded(a), nil
		}
		if form, err = b.fill(b.page.Form); err != nil {
			return Outcome{}, err
		}
		if at, err = at.Parse(b.page.Form.Action); err != nil {
			return Outcome{}, fmt.Errorf("form: %w", err)
		}
	}
	return Outcome{}, fmt.Errorf("the platform's pages lead in a circle: %d of them", mostPages)
}

// stranded is the outcome when the platform sends nobody anywhere.
func (b *browser) stranded(a *answer) Outcome {
	o := Outcome{Status: max(a.status, http.StatusOK)}
	if b.page == nil {
		o.Refusal = strings.TrimSpace(a.body.String())
		return o
	}
	o.Title, o.Refusal = b.page.Title, b.page.Refusal
	return o
}

// visit asks for a page, with a form by POST.
func (b *browser) visit(ctx context.Context, at *url.URL, form url.Values) (*answer, error) {
	method, body := http.MethodGet, ""
	if form != nil {
		method, body = http.MethodPost, form.Encode()
	}
	b.page = nil
	ctx = context.WithValue(ctx, browserKey, b)
	r, err := http.NewRequestWithContext(ctx, method, at.String(), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.RequestURI, r.RemoteAddr = at.RequestURI(), "127.0.0.1:1"
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	a, fault := b.kit.handle(b.sim, r, []byte(body))
	if fault != nil && (fault.Name == CutBefore || fault.Name == CutAfter) {
		return nil, fmt.Errorf("the connection broke: fault %s", fault.Name)
	}
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		b.cookies[c.Name] = c.Value
	}
	return a, nil
}

// fill answers a form as the merchant wants it.
func (b *browser) fill(f *Form) (url.Values, error) {
	values := url.Values{}
	for name, value := range f.Hidden {
		values.Set(name, value)
	}
	for _, field := range f.Fields {
		answers, err := b.answer(field)
		if err != nil {
			return nil, err
		}
		values[field.Name] = answers
	}
	button := f.Buttons[0]
	if i := slices.IndexFunc(f.Buttons, func(x Button) bool { return x.Name == FieldDecision }); i >= 0 {
		i = slices.IndexFunc(f.Buttons, func(x Button) bool { return x.Name == FieldDecision && x.Value == b.want.Decision })
		if i < 0 {
			return nil, fmt.Errorf("the page has no button to %s", b.want.Decision)
		}
		button = f.Buttons[i]
	}
	if button.Name != "" {
		values.Set(button.Name, button.Value)
	}
	return values, nil
}

func (b *browser) answer(f Field) ([]string, error) {
	if value, ok := b.want.Fields[f.Name]; ok {
		return []string{value}, nil
	}
	if len(f.Options) == 0 {
		if f.Name == FieldAccount && b.account() != "" {
			return []string{b.account()}, nil
		}
		return []string{f.Value}, nil
	}
	switch {
	case f.Name == FieldAccount && b.account() != "":
		return offered(f, b.logins())
	case f.Name == FieldShops && len(b.want.Shops) > 0:
		return chosen(f, b.want.Shops)
	case f.Many:
		return chosen(f, nil)
	case f.Value != "":
		return []string{f.Value}, nil
	}
	return []string{f.Options[0].Value}, nil
}

// account is who logs in, empty if the merchant does not care.
func (b *browser) account() string {
	if logins := b.logins(); len(logins) > 0 {
		return logins[0]
	}
	return ""
}

// logins are the names under which the merchant may log in, the best first: as told, as the owner of the first shop, or
// as that shop.
func (b *browser) logins() []string {
	if b.want.Account != "" {
		return []string{b.want.Account}
	}
	if len(b.want.Shops) == 0 {
		return nil
	}
	id := b.want.Shops[0]
	var owner string
	b.kit.Do(func() {
		if shop := b.kit.Shops.Find("", id); shop != nil {
			owner = shop.Owner
		}
	})
	if owner == "" {
		return []string{id}
	}
	return []string{id, owner}
}

// offered returns the first of some names that a field offers.
func offered(f Field, names []string) ([]string, error) {
	for _, name := range names {
		if slices.ContainsFunc(f.Options, func(c Choice) bool { return c.Value == name }) {
			return []string{name}, nil
		}
	}
	return nil, fmt.Errorf("the page does not offer %q to log in as", names)
}

// chosen returns the options of a field that are wanted; all of them if nothing is.
func chosen(f Field, want []string) ([]string, error) {
	left := map[string]bool{}
	for _, id := range want {
		left[id] = true
	}
	var values []string
	for _, o := range f.Options {
		if len(want) == 0 || left[o.Value] {
			values = append(values, o.Value)
			delete(left, o.Value)
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("the page does not offer %q", slices.Sorted(maps.Keys(left)))
	}
	return values, nil
}
