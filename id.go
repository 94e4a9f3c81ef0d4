package grantkeep

import (
	"crypto/rand"
	"time"
)

// idAlphabet is Crockford's base 32: it sorts like the number it encodes and has no letters that look alike.
const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// NewID makes an id that sorts by the given moment: a prefix that names the kind, ten digits of milliseconds, sixteen
// digits (80 bits) of chance. The moment is product time, so that a history made on a moved clock reads in its order;
// that is why it is not a UUID of version 7, which takes the machine's clock. An id is a name, never a secret.
func NewID(prefix string, at time.Time) string {
	var b [26]byte
	ms := uint64(max(at.UnixMilli(), 0)) // never negative
	for i := 9; i >= 0; i-- {
		b[i] = idAlphabet[ms&31]
		ms >>= 5
	}
	var chance [16]byte
	_, _ = rand.Read(chance[:]) // never fails: crypto/rand stops the program instead
	for i, c := range chance {
		b[10+i] = idAlphabet[c&31]
	}
	return prefix + "_" + string(b[:])
}
