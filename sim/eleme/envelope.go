package eleme

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// envelope is a call in the protocol NOP 1.0.0.
type envelope struct {
	NOP       string          `json:"nop"`
	ID        string          `json:"id"`
	Action    string          `json:"action"`
	Token     *string         `json:"token"`
	Metas     json.RawMessage `json:"metas"`
	Params    json.RawMessage `json:"params"`
	Signature string          `json:"signature"`
}

// member is one member of a JSON object, its value encoded as the platform encodes values to sign them.
type member struct{ key, value string }

// readEnvelope reads a call. What it returns beside an error holds as much as could be read.
func readEnvelope(r *http.Request) (envelope, error) {
	var e envelope
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, err
	}
	if e.NOP != "1.0.0" || e.ID == "" || e.Action == "" || e.Token == nil {
		return e, errors.New("nop, id, action or token is missing")
	}
	for name, raw := range map[string]json.RawMessage{"metas": e.Metas, "params": e.Params} {
		if _, err := members(raw); err != nil {
			return e, fmt.Errorf("%s: %w", name, err)
		}
	}
	return e, nil
}

// token is the access token of the call, empty for an app's own.
func (e envelope) token() string {
	if e.Token == nil {
		return ""
	}
	return *e.Token
}

// meta returns one of the metas as it was written.
func (e envelope) meta(name string) string {
	var metas map[string]json.RawMessage
	if err := json.Unmarshal(e.Metas, &metas); err != nil {
		return ""
	}
	return string(metas[name])
}

// appKey returns the key of the app that calls, empty if there is none.
func (e envelope) appKey() string {
	var key string
	if err := json.Unmarshal([]byte(e.meta("app_key")), &key); err != nil {
		return ""
	}
	return key
}

// signedAt returns when the call was signed: its timestamp has ten digits for seconds, or thirteen for milliseconds.
func (e envelope) signedAt() (at time.Time, ok bool) {
	text := e.meta("timestamp")
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err == nil && len(text) == 10:
		return time.Unix(n, 0), true
	case err == nil && len(text) == 13:
		return time.UnixMilli(n), true
	}
	return time.Time{}, false
}

// members decodes an object and encodes each of its values again.
func members(raw json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("want an object")
	}
	var list []member
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value strings.Builder
		if err := reencode(&value, d); err != nil {
			return nil, err
		}
		list = append(list, member{key.(string), value.String()})
	}
	return list, nil
}

// reencode copies the next value of a decoder in the platform's own form: without blanks, the members of an object in the
// order received, numbers in the text received, and in strings only quotes, backslashes and control characters escaped.
func reencode(to *strings.Builder, d *json.Decoder) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch t := t.(type) {
	case json.Delim:
		return reencodeInside(to, d, t)
	case string:
		writeString(to, t)
	case json.Number:
		to.WriteString(t.String())
	case bool:
		to.WriteString(strconv.FormatBool(t))
	case nil:
		to.WriteString("null")
	}
	return nil
}

// reencodeInside copies what an object or a list holds, and its end.
func reencodeInside(to *strings.Builder, d *json.Decoder, open json.Delim) error {
	to.WriteString(open.String())
	for n := 0; d.More(); n++ {
		if n > 0 {
			to.WriteByte(',')
		}
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			writeString(to, key.(string))
			to.WriteByte(':')
		}
		if err := reencode(to, d); err != nil {
			return err
		}
	}
	end, err := d.Token()
	if err != nil {
		return err
	}
	to.WriteString(end.(json.Delim).String())
	return nil
}

var shortEscapes = map[rune]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\f': `\f`, '\n': `\n`, '\r': `\r`, '\t': `\t`}

func writeString(to *strings.Builder, text string) {
	to.WriteByte('"')
	for _, c := range text {
		switch short := shortEscapes[c]; {
		case short != "":
			to.WriteString(short)
		case c < 0x20:
			fmt.Fprintf(to, `\u%04x`, c)
		default:
			to.WriteRune(c)
		}
	}
	to.WriteByte('"')
}
