package gateway

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/grantkeep/grantkeep/keeper"
)

const (
	maskedLeast = 8        // bytes: what is shorter is in every second answer by chance
	maskedMost  = 12 << 10 // of one secret; the buffers of a body are longer
)

// mask hides what we sent to a platform, where its answer repeats it: a caller that may only call would read the token
// from the error that it provokes. Every byte of it becomes a star, so that lengths stay what the answer says they are.
type mask struct {
	secrets [][]byte // the longest first, each as it is, as in an address and as in JSON
}

// newMask knows the secrets of an opened grant.
func newMask(use keeper.Use) mask {
	var m mask
	m.add(use.Credential.Token.Access.Reveal())
	m.add(use.Credential.Token.Refresh.Reveal())
	for _, all := range use.App.Secrets {
		for _, s := range all {
			m.add(s.Reveal())
		}
	}
	slices.SortFunc(m.secrets, func(a, b []byte) int { return cmp.Compare(len(b), len(a)) })
	return m
}

func (m *mask) add(secret string) {
	if len(secret) < maskedLeast {
		return
	}
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ReplaceAll(secret, "/", `\/`)}
	for _, form := range slices.Compact(forms) {
		m.secrets = append(m.secrets, []byte(form[:min(len(form), maskedMost)]))
	}
}

// bytes hides the secrets in b.
func (m mask) bytes(b []byte) {
	for _, secret := range m.secrets {
		for at := 0; ; {
			i := bytes.Index(b[at:], secret)
			if i < 0 {
				break
			}
			for j := at + i; j < at+i+len(secret); j++ {
				b[j] = '*'
			}
			at += i + len(secret)
		}
	}
}

// text hides the secrets in s.
func (m mask) text(s string) string {
	for _, secret := range m.secrets {
		if strings.Contains(s, string(secret)) {
			s = strings.ReplaceAll(s, string(secret), strings.Repeat("*", len(secret)))
		}
	}
	return s
}

// header hides the secrets in the values of a header. It changes none of the slices that it was given.
func (m mask) header(h http.Header) {
	for name, values := range h {
		for i, v := range values {
			hidden := m.text(v)
			if hidden == v {
				continue
			}
			changed := slices.Clone(h[name])
			changed[i] = hidden
			h[name] = changed
		}
	}
}

// begun returns how many bytes at the end of b may be the beginning of a secret.
func (m mask) begun(b []byte) int {
	most := 0
	for _, secret := range m.secrets {
		tail := b[max(len(b)-len(secret)+1, 0):]
		for i := range tail {
			if len(tail)-i <= most {
				break
			}
			if tail[i] == secret[0] && bytes.HasPrefix(secret, tail[i:]) {
				most = len(tail) - i
				break
			}
		}
	}
	return most
}

// masked is a body in which the secrets are hidden. It keeps back what may be the beginning of one, and nothing else: what
// comes drop by drop is passed on drop by drop.
type masked struct {
	mask
	body io.Reader
	kept []byte // read, and not passed on
	err  error  // with which the body ended
}

// Read reads the body. p must have room for more than the longest secret.
func (m *masked) Read(p []byte) (int, error) {
	for m.err == nil {
		n := copy(p, m.kept)
		if n == len(p) {
			return 0, io.ErrShortBuffer
		}
		var got int
		got, m.err = m.body.Read(p[n:])
		n += got
		m.bytes(p[:n])
		back := 0
		if m.err == nil {
			back = m.begun(p[:n])
		}
		m.kept = append(m.kept[:0], p[n-back:n]...)
		if n > back {
			if errors.Is(m.err, io.EOF) {
				return n, nil // the next read ends
			}
			return n - back, m.err
		}
	}
	return 0, m.err
}
