package use

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/keeper"
)

// tokenBody writes the body of a token's answer, byte for byte as encoding/json would, without its reflection: that
// would be most of the cost of the busiest route. What is rare (a fault, windows, a text with escapes) is left to it.
type tokenBody struct {
	text []byte
	err  error // the first
}

// token writes the whole body: what [Token] holds.
func (b *tokenBody) token(served *keeper.Served, expiresIn int64, fault *explain.Fault) {
	g := &served.Grant
	b.raw(`{"access_token":`).quoted(served.Access.Reveal())
	b.raw(`,"expires_at":`).moment(g.Expires)
	b.raw(`,"expires_in":`).number(expiresIn)
	if len(g.Windows) > 0 {
		b.raw(`,"windows":`).value(wire.Moments(g.Windows))
	}
	b.raw(`,"subject":{"kind":`).quoted(g.Subject.Kind)
	b.raw(`,"id":`).quoted(g.Subject.ID)
	b.given(`,"parent":`, g.Subject.Parent)
	b.given(`,"host":`, g.Subject.Host)
	b.given(`,"region":`, g.Subject.Region)
	b.given(`,"name":`, g.Subject.Name)
	b.raw(`},"shops":[`)
	for i := range g.Shops {
		if i > 0 {
			b.raw(`,`)
		}
		b.shop(&g.Shops[i])
	}
	b.raw(`],"grant":`).quoted(g.ID)
	b.raw(`,"generation":`).number(g.Generation)
	if served.Stale {
		b.raw(`,"stale":true`)
	}
	if fault != nil {
		b.raw(`,"fault":`).value(fault)
	}
	b.raw("}\n")
}

func (b *tokenBody) shop(s *gk.Shop) {
	b.raw(`{"id":`).quoted(s.ID)
	b.given(`,"name":`, s.Name)
	b.given(`,"host":`, s.Host)
	if !s.LostAt.IsZero() {
		b.raw(`,"lost_at":`).moment(s.LostAt.Time)
	}
	b.raw(`}`)
}

func (b *tokenBody) raw(text string) *tokenBody {
	b.text = append(b.text, text...)
	return b
}

func (b *tokenBody) number(n int64) { b.text = strconv.AppendInt(b.text, n, 10) }

func (b *tokenBody) moment(m time.Time) {
	if m.IsZero() {
		b.raw(`null`)
		return
	}
	b.raw(`"`)
	b.text = m.UTC().AppendFormat(b.text, time.RFC3339Nano)
	b.raw(`"`)
}

// given writes a member that is left out where it is empty.
func (b *tokenBody) given(name, text string) {
	if text != "" {
		b.raw(name).quoted(text)
	}
}

func (b *tokenBody) quoted(text string) {
	for i := range len(text) {
		if !plainByte[text[i]] {
			b.value(text)
			return
		}
	}
	b.raw(`"`).raw(text).raw(`"`)
}

// plainByte says of each byte whether a text may have it between its quotes as it is. Asking a table takes a quarter of the
// time that comparing takes, and a token's answer has hundreds of bytes.
var plainByte = func() (plain [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// value leaves a value to encoding/json.
func (b *tokenBody) value(v any) {
	var out bytes.Buffer
	if err := wire.WriteJSON(&out, v); err != nil && b.err == nil {
		b.err = err
	}
	b.text = append(b.text, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
