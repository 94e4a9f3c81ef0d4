package api

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"
)

// tokenBody writes the body of a token's answer, byte for byte as encoding/json would, without its reflection: that
// would be most of the cost of the busiest route. What is rare (a fault, windows, a text with escapes) is left to it.
type tokenBody struct {
	text []byte
	err  error // the first
}

// token writes the whole body.
func (b *tokenBody) token(t *Token) {
	b.raw(`{"access_token":`).quoted(t.AccessToken)
	b.raw(`,"expires_at":`).moment(t.ExpiresAt)
	b.raw(`,"expires_in":`).number(t.ExpiresIn)
	if len(t.Windows) > 0 {
		b.raw(`,"windows":`).value(t.Windows)
	}
	b.raw(`,"subject":{"kind":`).quoted(t.Subject.Kind)
	b.raw(`,"id":`).quoted(t.Subject.ID)
	b.given(`,"parent":`, t.Subject.Parent)
	b.given(`,"host":`, t.Subject.Host)
	b.given(`,"region":`, t.Subject.Region)
	b.given(`,"name":`, t.Subject.Name)
	b.raw(`},"shops":[`)
	for i := range t.Shops {
		if i > 0 {
			b.raw(`,`)
		}
		b.shop(&t.Shops[i])
	}
	b.raw(`],"grant":`).quoted(t.Grant)
	b.raw(`,"generation":`).number(t.Generation)
	if t.Stale {
		b.raw(`,"stale":true`)
	}
	if t.Fault != nil {
		b.raw(`,"fault":`).value(t.Fault)
	}
	b.raw("}\n")
}

func (b *tokenBody) shop(s *Shop) {
	b.raw(`{"id":`).quoted(s.ID)
	b.given(`,"name":`, s.Name)
	b.given(`,"host":`, s.Host)
	if !s.LostAt.IsZero() {
		b.raw(`,"lost_at":`).moment(s.LostAt)
	}
	b.raw(`}`)
}

func (b *tokenBody) raw(text string) *tokenBody {
	b.text = append(b.text, text...)
	return b
}

func (b *tokenBody) number(n int64) { b.text = strconv.AppendInt(b.text, n, 10) }

func (b *tokenBody) moment(m moment) {
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
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			b.value(text)
			return
		}
	}
	b.raw(`"`).raw(text).raw(`"`)
}

// value leaves a value to encoding/json.
func (b *tokenBody) value(v any) {
	var out bytes.Buffer
	if err := writeJSON(&out, v); err != nil && b.err == nil {
		b.err = err
	}
	b.text = append(b.text, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}
