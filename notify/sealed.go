package notify

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

const (
	secretPrefix = "whsec_"
	secretChance = 32 // bytes
	bothSign     = 24 * time.Hour
)

// private is what of an outlet is sealed: settings hold its address among them.
type private struct {
	Settings map[string]string `json:"settings"`
	Secrets  []signingSecret   `json:"secrets,omitempty"` // the newest first
}

// signingSecret signs until its end; zero: no end.
type signingSecret struct {
	Value string    `json:"value"`
	Until time.Time `json:"until,omitzero"`
}

func placeOf(id string) vault.Place { return vault.Place{Table: "outlets", Row: id, Field: "sealed"} }

func (n *News) seal(o *store.Outlet, p private) error {
	plain, err := json.Marshal(p)
	if err != nil {
		return err
	}
	o.Sealed, err = n.o.Vault.Seal(placeOf(o.ID), plain)
	return err
}

func (n *News) open(o store.Outlet) (p private, err error) {
	plain, err := n.o.Vault.Open(placeOf(o.ID), o.Sealed)
	if err != nil {
		return p, errors.Join(errOutlet, err)
	}
	if json.Unmarshal(plain, &p) != nil { // its error would quote what is sealed
		return p, errOutlet
	}
	return p, nil
}

// shown opens an outlet for somebody to look at. One that does not open hides no other: it tells nobody anything, and says
// why, so that it can be removed.
func (n *News) shown(o store.Outlet) (store.Outlet, private) {
	p, err := n.open(o)
	if err != nil || o.Reason == store.CodeUnreadable { // its rule says which settings are secret
		o.Enabled, o.Reason, p = false, store.CodeUnreadable, private{}
	}
	return o, p
}

// newSecret makes a secret of Standard Webhooks.
func newSecret() gk.Secret {
	var b [secretChance]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	return gk.NewSecret(secretPrefix + base64.StdEncoding.EncodeToString(b[:]))
}

// validSecret reports whether a text is a secret of Standard Webhooks, of 24 to 64 bytes.
func validSecret(s string) bool {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
	return strings.HasPrefix(s, secretPrefix) && err == nil && len(raw) >= 24 && len(raw) <= 64
}

// rotate puts a new secret before the others, which sign for a day more.
func (p *private) rotate(secret gk.Secret, now time.Time) {
	kept := []signingSecret{{Value: secret.Reveal()}}
	for _, s := range p.alive(now) {
		if s.Until.IsZero() {
			s.Until = now.Add(bothSign)
		}
		kept = append(kept, s)
	}
	p.Secrets = kept[:min(len(kept), 3)]
}

func (p *private) alive(now time.Time) (alive []signingSecret) {
	for _, s := range p.Secrets {
		if s.Until.IsZero() || s.Until.After(now) {
			alive = append(alive, s)
		}
	}
	return alive
}

// sign adds the headers of Standard Webhooks, with a signature of each secret that is alive. The timestamp is the real
// time, whatever the clock of a demo says: receivers compare it with theirs.
func (p *private) sign(h http.Header, id string, body []byte, now, real time.Time) error {
	var signatures []string
	for _, s := range p.alive(now) {
		w, err := standardwebhooks.NewWebhook(s.Value)
		if err != nil {
			return errors.New("the secret is no secret of Standard Webhooks")
		}
		signature, err := w.Sign(id, real, body)
		if err != nil {
			return fmt.Errorf("sign: %w", err)
		}
		signatures = append(signatures, signature)
	}
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(real.Unix(), 10))
	if len(signatures) > 0 {
		h.Set(standardwebhooks.HeaderWebhookSignature, strings.Join(signatures, " "))
	}
	return nil
}
