package offline

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
)

// Verdict says whether an incoming request is genuine.
type Verdict struct {
	OK     bool    `json:"ok"`
	Why    string  `json:"why,omitempty"`
	Event  *Event  `json:"event,omitempty"`  // of a push
	Answer *Answer `json:"answer,omitempty"` // of a push: what must be sent back

	Matched string `json:"matched,omitempty"` // of a push: the setting whose secret verified it

	forged bool // the signature fails, and nothing more is known
}

// Event is what a push says.
type Event struct {
	Kind     string       `json:"kind"` // authorized, revoked, expiring, other
	Subjects []gk.Subject `json:"subjects"`
	At       gk.Time      `json:"at"` // of the event if told, else of the push

	Shops []EventShop `json:"shops,omitempty"` // of the subjects' grants, or of a grant that only the engine can find
}

// EventShop is a shop inside a grant. Change is lost or gained, empty where the shop stays.
type EventShop struct {
	ID     string `json:"id"`
	Change string `json:"change,omitempty"`
}

// changes is what the kinds of a notice mean for a shop inside a grant.
var changes = map[string]string{platform.NoticeRevoked: "lost", platform.NoticeAuthorized: "gained"}

// Answer is what the platform's server must be told.
type Answer struct {
	Status int    `json:"status"`
	Body   string `json:"body"`
}

// Verify judges an incoming request of a kind: callback, install, push or call. A state that is given must be the
// callback's. It returns an error for an unknown kind only.
func Verify(d platform.Driver, app platform.App, kind string, in platform.Incoming, state *string) (Verdict, error) {
	v, err := judge(d, app, kind, in, state)
	if err != nil {
		return v, err
	}
	if host, stands := retired(d, in); v.OK && kind == "call" && stands != "" {
		v = Verdict{Why: "the signature is right, but the platform has retired " + host + ", which refuses right signatures too: use " + stands}
	}
	if v.OK {
		return v, nil
	}
	if why := entity(in.URL); why != "" {
		v.Why = why
	} else if v.forged {
		if app.PushURL == "" {
			app.PushURL = in.URL
		}
		if prover, ok := d.(platform.Prover); ok {
			if proof, ok := prover.Proof(app, kind, in); ok {
				if why := explained(proof); why != "" {
					v.Why = why
				}
			}
		}
	}
	return v, nil
}

// retired returns the host that a request went to and the one that stands for it, if the platform has retired it.
func retired(d platform.Driver, in platform.Incoming) (host, stands string) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return "", ""
	}
	host = strings.ToLower(u.Hostname())
	return host, d.Spec().Facts.Retired[host]
}

// judge asks the driver.
func judge(d platform.Driver, app platform.App, kind string, in platform.Incoming, state *string) (Verdict, error) {
	switch kind {
	case "callback":
		return verdict(verifyCallback(d, app, in, state)), nil
	case "install":
		starter, ok := d.(platform.Starter)
		if !ok {
			return Verdict{Why: "a merchant cannot begin on this platform's side"}, nil
		}
		_, err := starter.ReadEntry(app, in)
		return verdict(err), nil
	case "push":
		return verifyPush(d, app, in), nil
	case "call":
		verifier, ok := d.(platform.Verifier)
		if !ok {
			return Verdict{Why: "this platform's calls carry nothing that could be checked"}, nil
		}
		return verdict(verifier.VerifyCall(app, in)), nil
	}
	return Verdict{}, fmt.Errorf("kind %q is none of callback, install, push, call", kind)
}

// verdict says why not. A driver that knows no more than that the proof fails leaves it to us to say what to look at.
func verdict(err error) Verdict {
	switch {
	case err == nil:
		return Verdict{OK: true}
	case err.Error() == platform.ErrForged.Error():
		return Verdict{forged: true, Why: "the signature is not what this app's secret makes of the request: check secret, address and raw body"}
	}
	why := err.Error()
	if _, after, ok := strings.Cut(why, platform.ErrForged.Error()+": "); ok {
		why = after
	}
	return Verdict{Why: why, forged: errors.Is(err, platform.ErrForged)}
}

func verifyCallback(d platform.Driver, app platform.App, in platform.Incoming, state *string) error {
	cb, err := d.ReadCallback(app, in)
	switch {
	case err != nil:
		return err
	case cb.Empty:
		return errors.New("neither a code nor an error: the address was merely opened")
	case cb.Cancel:
		return errors.New("it brings nothing to exchange: only a cancellation comes so, and that has no proof")
	case d.Spec().Facts.Callback.Proof && !cb.Proven:
		return errors.New("the callback carries no proof of the platform")
	case state != nil && subtle.ConstantTimeCompare([]byte(cb.State), []byte(*state)) != 1:
		return errors.New("state is not the one that was sent")
	}
	return nil
}

func verifyPush(d platform.Driver, app platform.App, in platform.Incoming) Verdict {
	receiver, ok := d.(platform.Receiver)
	if !ok {
		return Verdict{Why: "this platform does not push"}
	}
	if app.PushURL == "" {
		app.PushURL = in.URL // whoever tells no registered address means the one that was called
	}
	delivery, err := receiver.Receive(app, in)
	v := verdict(err)
	if err == nil {
		v.Event, v.Matched = eventOf(delivery.Notices, app), delivery.Matched
	}
	switch answer := delivery.Answer; {
	case answer.Status != 0:
		v.Answer = &Answer{Status: answer.Status, Body: string(answer.Body)}
	case err != nil:
		v.Answer = &Answer{Status: http.StatusUnauthorized} // as the server does where the platform has no wish of its own
	}
	return v
}

// eventOf reads the notices of one push as one event: that of the first notice, with the subjects of all like it.
func eventOf(notices []platform.Notice, app platform.App) *Event {
	e := &Event{Kind: platform.NoticeOther, Subjects: []gk.Subject{}, At: gk.At(app.Now)}
	if len(notices) == 0 {
		return e
	}
	first := notices[0]
	switch first.Kind {
	case platform.NoticeAuthorized, platform.NoticeRevoked, platform.NoticeExpiring:
		e.Kind = first.Kind
	}
	if !first.At.IsZero() {
		e.At = gk.At(first.At)
	}
	for _, n := range notices {
		if n.Kind == first.Kind {
			e.Subjects = append(e.Subjects, n.Subjects...)
			for _, id := range n.Shops {
				e.Shops = append(e.Shops, EventShop{ID: id, Change: changes[n.Kind]})
			}
		}
	}
	return e
}
