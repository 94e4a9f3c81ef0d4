package offline

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform"
)

// longestLine is more than any request or answer needs that a driver reads (1 MiB), written as base64 in JSON.
const longestLine = 2 << 20

// Commands runs the four commands over a list of drivers.
type Commands struct {
	Drivers []platform.Driver
	Reveal  bool             // show app secrets, refresh tokens and Basic headers
	Now     func() time.Time // the moment of a line that names none
}

// Run reads one JSON object per line and writes one per line, in the same order; do is request, verify, parse or explain.
// A line that cannot be handled gives {"error":"…"} and makes failed true; the rest goes on. Blank lines are skipped. err
// tells of the streams only.
func Run(drivers []platform.Driver, do string, reveal bool, in io.Reader, out io.Writer) (failed bool, err error) {
	return Commands{Drivers: drivers, Reveal: reveal, Now: time.Now}.Run(do, in, out)
}

// Run is the method behind the function of the same name.
func (c Commands) Run(do string, in io.Reader, out io.Writer) (failed bool, err error) {
	r, w := bufio.NewReaderSize(in, 64<<10), bufio.NewWriter(out)
	for {
		text, tooLong, rerr := readLine(r)
		if len(text) > 0 || tooLong {
			var answer []byte
			lineErr := errTooLong
			if !tooLong {
				answer, lineErr = c.Line(do, text)
			}
			if lineErr != nil {
				failed = true
				if answer, err = encode(map[string]string{"error": lineErr.Error()}); err != nil {
					return failed, err
				}
			}
			if _, err := w.Write(append(answer, '\n')); err != nil {
				return failed, err
			}
		}
		if rerr != nil || r.Buffered() == 0 {
			if err := w.Flush(); err != nil { // whoever types line by line sees each answer
				return failed, err
			}
		}
		if errors.Is(rerr, io.EOF) {
			return failed, nil
		}
		if rerr != nil {
			return failed, rerr
		}
	}
}

var errTooLong = fmt.Errorf("the line is longer than %d bytes", longestLine)

// readLine returns the next line without blanks around it. A line that is too long is read to its end and dropped.
func readLine(r *bufio.Reader) (text []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(text)+len(part) > longestLine {
			tooLong, text = true, nil
		}
		if !tooLong {
			text = append(text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSpace(text), tooLong, err
		}
	}
}

// Line answers one line of input. Its errors hold no secret of the line.
func (c Commands) Line(do string, text []byte) ([]byte, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, unreadable(err)
	}
	d, err := explain.Find(c.Drivers, l.Platform)
	if err != nil {
		return nil, err
	}
	app, err := l.open(d, c.moment(l))
	var setting *platform.BadSetting
	switch {
	case errors.As(err, &setting) && do == "verify":
		return encode(Verdict{Why: err.Error()})
	case errors.As(err, &setting) && do == "explain": // what an error means does not hang on a setting
	case err != nil:
		return nil, err
	}
	m := l.mask(app)
	answer, err := c.answer(do, d, app, &l, m)
	if err != nil {
		return nil, errors.New(m.in(err.Error()))
	}
	return encode(answer)
}

func (c Commands) answer(do string, d platform.Driver, app platform.App, l *line, m mask) (any, error) {
	switch do {
	case "request":
		if _, known := d.Spec().Facts.Settings["region"]; known {
			var err error
			if l.Region, err = d.Spec().Facts.ReadSetting("region", l.Region); err != nil {
				return nil, err
			}
		}
		r, err := Request(d, app, l.step())
		if err != nil {
			return nil, err
		}
		if c.Reveal {
			return printed(r, mask{}), nil
		}
		return printed(r, m), nil
	case "verify":
		if l.Token.Access != "" {
			app.Token = &platform.Credential{Subject: l.Subject.noun(), Token: l.token()}
		}
		body, err := l.Request.body()
		if err != nil {
			return nil, err
		}
		in := platform.Incoming{Method: strings.ToUpper(l.Request.Method), URL: l.Request.URL, Header: headerOf(l.Request.Headers), Body: body}
		v, err := Verify(d, app, l.Kind, in, l.State)
		v.Why = m.in(v.Why)
		return v, err
	case "parse":
		return c.parse(d, app, l)
	case "explain":
		body, err := l.body()
		if err != nil {
			return nil, err
		}
		f := explain.Explain(d, app, explain.Question{
			Stage: l.Stage, Status: l.Status, Code: l.Code.one(), Message: l.Message, Body: body, Sent: valuesOf(l.Sent),
		})
		return map[string]*explain.Fault{"fault": f}, nil
	}
	return nil, fmt.Errorf("%q is none of request, verify, parse, explain", do)
}

func (c Commands) parse(d platform.Driver, app platform.App, l *line) (Meaning, error) {
	body, err := l.body()
	if err != nil {
		return Meaning{}, err
	}
	asked := platform.Asked{Stage: l.Stage, Subject: l.Subject.noun(), Sent: valuesOf(l.Sent), At: l.Asked.Time}
	if asked.Stage == platform.StageToken {
		asked.Claimed = asked.Subject
	}
	reply := platform.Reply{Status: l.Status, Header: headerOf(l.Headers), Body: platform.Unmarked(body), Received: l.Received.Time}
	if reply.Status == 0 {
		reply.Status = 200
	}
	if reply.Received.IsZero() {
		reply.Received = app.Now
	}
	m, err := Parse(d, app, asked, reply)
	if !c.Reveal {
		for i := range m.Issued {
			if m.Issued[i].Refresh != "" {
				m.Issued[i].Refresh = hidden
			}
		}
	}
	return m, err
}

// mask hides the line's secrets: those of the app and the refresh token.
func (l *line) mask(app platform.App) mask {
	secrets := []gk.Secret{gk.NewSecret(l.Token.Refresh)}
	for _, values := range app.Secrets {
		secrets = append(secrets, values...)
	}
	return maskOf(secrets...)
}

func printed(r *platform.Request, m mask) Printed {
	o := Printed{
		Method: r.Method, URL: m.in(r.URL), Headers: make(map[string]string, len(r.Header)),
		Signature: r.Signature, SignedText: m.in(r.SignedText),
	}
	for name, values := range r.Header {
		o.Headers[name] = m.header(name, strings.Join(values, ", "))
	}
	if utf8.Valid(r.Body) {
		o.Body = m.in(string(r.Body))
	} else {
		o.BodyBase64 = base64.StdEncoding.EncodeToString([]byte(m.in(string(r.Body))))
	}
	if !r.Expires.IsZero() {
		at := gk.At(r.Expires)
		o.Expires = &at
	}
	return o
}
