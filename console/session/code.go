package session

import (
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// Codes are the second step of a log-in: six figures that a person's phone shows, another every thirty seconds, after RFC 6238.
type Codes struct{ Vault *vault.Vault }

const (
	stepLength   = 30 // seconds
	codeSlack    = 1  // steps by which a phone's clock may be off
	issuer       = "Grantkeep"
	secretLength = 20 // bytes, as the RFC advises
)

// NewCode makes the secret of somebody's codes, with the address that a phone reads from a picture.
func NewCode(name string) (secret, address string, err error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: name, SecretSize: secretLength})
	if err != nil {
		return "", "", err
	}
	return key.Secret(), key.URL(), nil
}

// CodeAddress is what a phone reads to show the codes of a secret.
func CodeAddress(name, secret string) (string, error) {
	key, err := otp.NewKeyFromURL("otpauth://totp/" + issuer + ":" + name + "?secret=" + secret + "&issuer=" + issuer)
	if err != nil {
		return "", err
	}
	return key.URL(), nil
}

// Step finds the time step of a code that a phone shows for a secret near a moment, if it is later than the last one that was
// used. A code is good once.
func Step(secret, code string, last int64, now time.Time) (int64, bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	present, found, right := now.Unix()/stepLength, int64(0), 0
	for step := present - codeSlack; step <= present+codeSlack; step++ {
		want, err := hotp.GenerateCode(secret, uint64(step))
		if err != nil {
			return 0, false
		}
		if step > last && subtle.ConstantTimeCompare([]byte(code), []byte(want)) == 1 {
			found, right = step, 1
		}
	}
	return found, right == 1
}

func placeOf(person string) vault.Place {
	return vault.Place{Table: "people", Row: person, Field: "code"}
}

// Seal is what is kept of the secret of a person's codes.
func (c Codes) Seal(person, secret string) (string, error) {
	sealed, err := c.Vault.Seal(placeOf(person), []byte(secret))
	return base64.StdEncoding.EncodeToString(sealed), err
}

// errCode says that what is kept of somebody's codes cannot be read.
var errCode = errors.New("console: the second step of this person cannot be opened; an administrator can take it away")

// Right reports whether a code is one that a person's phone shows, and its time step.
func (c Codes) Right(p store.Person, code string, now time.Time) (int64, bool, error) {
	sealed, err := base64.StdEncoding.DecodeString(p.Code)
	if err != nil {
		return 0, false, errCode
	}
	secret, err := c.Vault.Open(placeOf(p.ID), sealed)
	if err != nil {
		return 0, false, errors.Join(errCode, err)
	}
	step, right := Step(string(secret), code, p.CodeStep, now)
	return step, right, nil
}
