package shoplazza

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/signing"
)

// ReadCallback reads what a merchant's browser brings to the redirect address. A refusal (error=access_denied) is
// believed without a proof: it can only end the attempt whose state it knows.
func (d driver) ReadCallback(app platform.App, in platform.Incoming) (platform.Callback, error) {
	query, err := d.query(in)
	if err != nil {
		return platform.Callback{}, err
	}
	cb := platform.Callback{State: query.Get("state"), Params: query}
	if code := query.Get("error"); code != "" && query.Get("hmac") == "" && query.Get("code") == "" {
		text := query.Get("error_description")
		cb.Fault = d.spec.Catalogue.Fault(platform.Query{Stage: platform.StageAuthorize, Codes: []string{code}, Texts: []string{text}}, code, 0)
		cb.Fault.At = gk.At(app.Now)
		return cb, nil
	}
	if err := d.prove(app, query); err != nil {
		return platform.Callback{}, err
	}
	if cb.Subject, err = d.claimed(query); err != nil {
		return platform.Callback{}, err
	}
	if query.Get("code") == "" || query.Get("state") == "" {
		return platform.Callback{}, d.incomplete("code or state is missing")
	}
	cb.Code, cb.Proven = gk.NewSecret(query.Get("code")), true
	return cb, nil
}

// ReadEntry reads the signed request with which the platform opens the app for a merchant who pressed "Add app".
func (d driver) ReadEntry(app platform.App, in platform.Incoming) (platform.Entry, error) {
	query, err := d.query(in)
	if err != nil {
		return platform.Entry{}, err
	}
	if err := d.prove(app, query); err != nil {
		return platform.Entry{}, err
	}
	hint, err := d.claimed(query)
	return platform.Entry{Hint: hint, Proven: err == nil}, err
}

// query reads the parameters of a GET; a body is never looked at. A repeated key is refused whatever the signature
// says, since two readers would take different values.
func (d driver) query(in platform.Incoming) (url.Values, error) {
	if in.Method != "" && in.Method != http.MethodGet && in.Method != http.MethodHead {
		return nil, d.incomplete("not a GET")
	}
	u, err := url.Parse(in.URL)
	if err != nil {
		return nil, d.incomplete("the address cannot be read")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, d.incomplete("the query cannot be read")
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if len(query[key]) > 1 {
			return nil, d.incomplete("a parameter is repeated")
		}
	}
	return query, nil
}

// claimed returns the store that a proven query names.
func (d driver) claimed(query url.Values) (gk.Subject, error) {
	// The signed text joins values without encoding them, so that one with & reads like two parameters.
	for _, key := range []string{"code", "shop", "state", "store_id"} {
		if strings.ContainsAny(query.Get(key), "&\r\n\x00") {
			return gk.Subject{}, d.incomplete(key + " holds a character that it never has")
		}
	}
	if query.Get("shop") == "" {
		return gk.Subject{}, d.incomplete("shop is missing")
	}
	host, err := d.spec.HostOf("store", query.Get("shop"))
	if err != nil {
		return gk.Subject{}, &platform.BadCallback{
			Why:   "shop is not a store's host",
			Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:shop_host_rejected"),
		}
	}
	subject := gk.Subject{Kind: gk.KindShop, ID: query.Get("store_id"), Host: host}
	if subject.ID != "" && !isID(subject.ID) {
		return gk.Subject{}, d.incomplete("store_id is not a number")
	}
	return subject, nil
}

// prove checks the signature with every secret of the app: first over the values as they are, as the documents and the
// official command line tool do, then encoded again, as the official Go SDK 1.0.5 does. Real values sign alike either way.
func (d driver) prove(app platform.App, query url.Values) error {
	given := query.Get("hmac")
	if given == "" {
		return &platform.BadCallback{
			Why:   "hmac is missing",
			Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:hmac_missing"),
		}
	}
	rest := maps.Clone(query)
	delete(rest, "hmac")
	for _, text := range []string{rawJoin(rest), rest.Encode()} {
		_, err := signing.HMACLower.Prove(app, text, given, "client_secret")
		if err == nil || !errors.Is(err, platform.ErrForged) {
			return err
		}
	}
	return fmt.Errorf("%w: hmac is not the HMAC-SHA256 of the sorted query with this client_secret", platform.ErrForged)
}

// rawJoin writes a query as the platform signs it: sorted by key, values decoded.
func rawJoin(query url.Values) string {
	pairs := make([]string, 0, len(query))
	for _, key := range slices.Sorted(maps.Keys(query)) {
		pairs = append(pairs, key+"="+query.Get(key))
	}
	return strings.Join(pairs, "&")
}

func (d driver) incomplete(why string) error {
	return &platform.BadCallback{Why: why, Fault: d.spec.Catalogue.Local(platform.StageAuthorize, "local:callback_incomplete")}
}

// isID reports whether s is a store's id: digits, as many as a 64-bit number may have.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

var errNoStore = errors.New("shoplazza: the grant has no store host")
