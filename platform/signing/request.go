package signing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// ReadPairs reads a query or form without losing the order.
func ReadPairs(text string) (Pairs, error) {
	var p Pairs
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		n, errN := url.QueryUnescape(name)
		v, errV := url.QueryUnescape(value)
		if errN != nil || errV != nil {
			return nil, errors.New("a parameter is not URL-encoded; a percent sign in a value must be written %25")
		}
		p = append(p, Pair{n, v})
	}
	return p, nil
}

// ReadParts reads the text parts of a multipart body. Its files are not signed.
func ReadParts(body []byte, boundary string) (Pairs, error) {
	var p Pairs
	r := multipart.NewReader(bytes.NewReader(body), boundary)
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return p, nil
		}
		if err != nil {
			return nil, errors.New("the multipart body cannot be read")
		}
		if part.FileName() != "" {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, errors.New("the multipart body cannot be read")
		}
		p = append(p, Pair{part.FormName(), string(value)})
	}
}

// Request is the parameters of a request that somebody else signed.
type Request struct {
	Pairs Pairs // of query and body, as ordered there, without the signature
	Query int   // how many of them stand in the query
	Sign  string
}

// TakeSign takes the parameter sign out of those of a query and a body. No name may stand there twice.
func TakeSign(query, body Pairs) (Request, error) {
	r := Request{Query: len(query)}
	seen := make(map[string]bool)
	for i, p := range append(query, body...) {
		if seen[p.Name] {
			return r, fmt.Errorf("a parameter stands there twice: %q", p.Name)
		}
		seen[p.Name] = true
		if p.Name != "sign" {
			r.Pairs = append(r.Pairs, p)
			continue
		}
		r.Sign = p.Value
		if i < len(query) {
			r.Query--
		}
	}
	if r.Sign == "" {
		return r, errors.New("sign is missing")
	}
	return r, nil
}

// Verify returns nil if a value of the app's setting fits a signature. Else its error is what explain says of one of the
// known mistakes; where that is nothing, it wraps platform.ErrForged and ends with other, which says what to compare.
func Verify(app platform.App, setting string, fits func(gk.Secret) bool, explain func(gk.Secret) string, other string) error {
	why := ""
	_, err := Prove(app, func(secret gk.Secret) bool {
		if fits(secret) {
			return true
		}
		if why == "" {
			why = explain(secret)
		}
		return false
	}, setting)
	switch {
	case errors.Is(err, platform.ErrForged) && why != "":
		return errors.New(why)
	case errors.Is(err, platform.ErrForged):
		return fmt.Errorf("%w: %s", platform.ErrForged, other)
	}
	return err
}

// Unexplained ends [Verify]: what to compare besides the text.
func Unexplained(compare string) string {
	return "the signature fits none of the known mistakes; compare " + compare + ", and the text that was signed"
}

// Within reports whether a clock is off by no more than slack.
func Within(off, slack time.Duration) bool { return -slack <= off && off <= slack }

// Fresh refuses a timestamp that is older than slack, or as far ahead. field is its name.
func Fresh(field string, off, slack time.Duration) error {
	switch {
	case off > slack:
		return fmt.Errorf("%s is %s old; at most %s are allowed", field, off.Round(time.Second), slack)
	case off < -slack:
		return fmt.Errorf("%s lies %s ahead; at most %s are allowed", field, (-off).Round(time.Second), slack)
	}
	return nil
}
