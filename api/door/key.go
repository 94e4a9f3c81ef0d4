package door

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

const (
	keyPrefix   = "gk_"
	keyChance   = 32 // bytes: 43 URL-safe characters
	keyCheck    = 6  // characters
	shortestKey = 32 // of a key that an operator chose
	longestKey  = 512
)

// NewKey makes the text of an API key: gk_, 256 bits of chance as 43 URL-safe characters, and 6 characters that check
// the rest, by which a scanner for leaked secrets tells a key from anything else. Only its holder ever has the text.
func NewKey() gk.Secret {
	var b [keyChance]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	text := keyPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	return gk.NewSecret(text + checksum(text))
}

// ValidKey reports whether a text may be an API key: one of NewKey, or one that an operator chose, which starts with
// gk_, has 32 to 512 characters, and no blanks.
func ValidKey(text gk.Secret) bool {
	t := text.Reveal()
	return strings.HasPrefix(t, keyPrefix) && len(t) >= shortestKey && len(t) <= longestKey &&
		!strings.ContainsFunc(t, func(r rune) bool { return r <= ' ' || r > '~' })
}

// MadeKey reports whether a text has the form and the checksum of NewKey.
func MadeKey(text gk.Secret) bool {
	t := text.Reveal()
	body, check := t[:max(len(t)-keyCheck, 0)], t[max(len(t)-keyCheck, 0):]
	random, ok := strings.CutPrefix(body, keyPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(random)
	return ok && err == nil && len(raw) == keyChance && checksum(body) == check
}

// HashKey returns what the store keeps of a key and finds it by. A plain hash is enough, since a key is not a password:
// it cannot be guessed.
func HashKey(text gk.Secret) []byte {
	sum := hashOf(text)
	return sum[:]
}

// keyHash is what HashKey returns, as a value that can be compared.
type keyHash [sha256.Size]byte

func hashOf(text gk.Secret) keyHash {
	return sha256.Sum256(append(make([]byte, 0, 64), text.Reveal()...)) // on the stack, for keys of NewKey
}

// checksum writes the CRC-32 of a text with six digits of base 62.
func checksum(text string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	n := crc32.ChecksumIEEE([]byte(text))
	var out [keyCheck]byte
	for i := keyCheck - 1; i >= 0; i-- {
		out[i] = digits[n%62]
		n /= 62
	}
	return string(out[:])
}
