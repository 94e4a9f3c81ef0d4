package transfer

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// line is a row as JSON.
type line struct {
	App        string             `json:"app,omitempty"`
	Subject    subject            `json:"subject"`
	Owner      string             `json:"owner,omitempty"`
	Access     string             `json:"access,omitempty"`
	Refresh    string             `json:"refresh,omitempty"`
	Expires    gk.Time            `json:"expires_at,omitzero"`
	RefreshEnd gk.Time            `json:"refresh_token_expires_at,omitzero"`
	Ceiling    gk.Time            `json:"authorization_expires_at,omitzero"`
	Issued     gk.Time            `json:"issued_at,omitzero"`
	Authorized gk.Time            `json:"authorized_at,omitzero"`
	Windows    map[string]gk.Time `json:"windows,omitempty"`
	Scopes     []string           `json:"scopes,omitempty"`
	Shops      []gk.Shop          `json:"shops,omitempty"`
	Facts      map[string]string  `json:"facts,omitempty"`
}

type subject struct {
	Kind   string `json:"kind,omitempty"`
	ID     digits `json:"id,omitempty"`
	Parent digits `json:"parent,omitempty"`
	Host   string `json:"host,omitempty"`
	Region string `json:"region,omitempty"`
	Name   string `json:"name,omitempty"`
}

// digits is an identifier, which many tables hold as a number; its digits are kept as they stand.
type digits string

// UnmarshalJSON reads a text or a whole number.
func (d *digits) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(b, []byte(`"`)) {
		return json.Unmarshal(b, (*string)(d))
	}
	if len(bytes.Trim(b, "0123456789")) > 0 {
		return errors.New("is neither a text nor a whole number")
	}
	*d = digits(b)
	return nil
}

// ParseLine reads a row from one JSON object. Members that a row does not have are refused.
func ParseLine(text []byte) (Row, error) {
	if !utf8.Valid(text) {
		return Row{}, errors.New(foreign(string(text)))
	}
	members, err := platform.Members(text)
	if err != nil {
		return Row{}, err
	}
	for _, m := range members {
		if !slices.Contains(names, m.Name) {
			return Row{}, errors.New("a member is none of " + strings.Join(names, ", "))
		}
	}
	var l line
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return Row{}, wrongMember(members)
	}
	windows := make(map[string]time.Time, len(l.Windows))
	for name, end := range l.Windows {
		windows[name] = end.Time
	}
	s := l.Subject
	return Row{
		App: l.App, Owner: l.Owner, Access: gk.NewSecret(l.Access), Refresh: gk.NewSecret(l.Refresh),
		Subject: gk.Subject{Kind: s.Kind, ID: string(s.ID), Parent: string(s.Parent), Host: s.Host, Region: s.Region, Name: s.Name},
		Expires: l.Expires.Time, RefreshExpires: l.RefreshEnd.Time, Ceiling: l.Ceiling.Time, Issued: l.Issued.Time,
		Authorized: l.Authorized.Time, Windows: windows, Scopes: l.Scopes, Shops: l.Shops, Facts: l.Facts,
	}, nil
}

// wrongMember names the member that does not decode, by trying each alone: the decoder's own words may hold a part of
// the text.
func wrongMember(members []platform.Member) error {
	for _, m := range members {
		alone := []byte(`{"` + m.Name + `":` + string(m.Value) + `}`)
		dec := json.NewDecoder(bytes.NewReader(alone))
		dec.DisallowUnknownFields()
		if dec.Decode(new(line)) != nil {
			return errors.New(m.Name + ": has another form than it must have, or a member too many")
		}
	}
	return errors.New("has another form than a row must have")
}

// names are the members of a row, in the order in which they are written.
var names = []string{
	"app", "subject", "owner", "access", "refresh", "expires_at", "refresh_token_expires_at", "authorization_expires_at",
	"issued_at", "authorized_at", "windows", "scopes", "shops", "facts",
}

// FormatLine writes a row as one JSON object with a line end. Its tokens are in clear: the result goes straight into a
// cipher or a request.
func FormatLine(r Row) ([]byte, error) {
	windows := make(map[string]gk.Time, len(r.Windows))
	for name, end := range r.Windows {
		windows[name] = gk.At(end)
	}
	s := r.Subject
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(line{
		App: r.App, Owner: r.Owner, Access: r.Access.Reveal(), Refresh: r.Refresh.Reveal(),
		Subject: subject{Kind: s.Kind, ID: digits(s.ID), Parent: digits(s.Parent), Host: s.Host, Region: s.Region, Name: s.Name},
		Expires: gk.At(r.Expires), RefreshEnd: gk.At(r.RefreshExpires), Ceiling: gk.At(r.Ceiling), Issued: gk.At(r.Issued),
		Authorized: gk.At(r.Authorized), Windows: windows, Scopes: r.Scopes, Shops: r.Shops, Facts: r.Facts,
	})
	return b.Bytes(), err
}
