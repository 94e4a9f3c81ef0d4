package people

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// What a password costs to check: the second choice of RFC 9106 in the strength that OWASP names, 17 ms on one core.
const (
	passwordMemory = 19 << 10 // KiB
	passwordRounds = 2
	passwordLanes  = 1
	saltLength     = 16
	hashLength     = 32
)

// Bounds of a password, in characters.
const (
	shortestPassword = 12
	Longest          = 128
)

// shortestName is how long a name is that a password must not contain: a letter stands in every sentence.
const shortestName = 3

// common are passwords that are long enough and that everybody tries first.
var common = []string{
	"123456789012", "1234567890123", "12345678901234", "password1234", "password12345", "passwordpassword", "qwertyuiopasdf", "qwertyuiop123",
	"1q2w3e4r5t6y", "administrator", "administrator1", "letmeinletmein", "iloveyouiloveyou", "111111111111", "000000000000", "123123123123",
	"abcdefghijkl", "abc123abc123", "welcome12345", "changemechangeme", "grantkeepgrantkeep", "woaini1314520", "a12345678910", "1qaz2wsx3edc",
}

// Faults of a password.
const (
	TooShort = "short"
	TooLong  = "long"
	HasName  = "name"
	Common   = "common"
)

// CheckPassword says why a password will not do; empty if it will.
func CheckPassword(name, password string) string {
	n := utf8.RuneCountInString(password)
	folded := strings.ToLower(password)
	switch {
	case n < shortestPassword:
		return TooShort
	case n > Longest || len(password) > 4*Longest:
		return TooLong
	case len(name) >= shortestName && strings.Contains(folded, strings.ToLower(name)) && n < 2*shortestPassword:
		return HasName
	case strings.Count(folded, folded[:1]) == len(folded):
		return Common
	}
	for _, c := range common {
		if folded == c {
			return Common
		}
	}
	return ""
}

// Hashing lets as many passwords be hashed at once as there are cores: each takes 19 MiB, and anybody may try to log in.
type Hashing chan struct{}

// NewHashing makes one for the whole process.
func NewHashing() Hashing { return make(Hashing, max(runtime.GOMAXPROCS(0), 1)) }

func (h Hashing) enter(ctx context.Context) error {
	select {
	case h <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h Hashing) leave() { <-h }

// Hash returns what the store keeps of a password, in the form that argon2's own tools write.
func (h Hashing) Hash(ctx context.Context, password string) (string, error) {
	if err := h.enter(ctx); err != nil {
		return "", err
	}
	defer h.leave()
	return hash(password), nil
}

func hash(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // never fails: crypto/rand stops the program instead
	return written(salt, argon2.IDKey([]byte(password), salt, passwordRounds, passwordMemory, passwordLanes, hashLength))
}

func written(salt, sum []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, passwordMemory, passwordRounds, passwordLanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

// nobodysPassword is compared with where there is no such person, so that the time of an answer does not tell who exists.
// It is the hash of nothing, random in its place: making a real one would cost every command 20 MiB and a tenth of a second.
var nobodysPassword = func() string {
	random := make([]byte, saltLength+hashLength)
	_, _ = rand.Read(random) // as above
	return written(random[:saltLength], random[saltLength:])
}()

// Verify reports whether a password is the one that a hash was made of. An empty hash is no password's.
func (h Hashing) Verify(ctx context.Context, kept, password string) (bool, error) {
	if err := h.enter(ctx); err != nil {
		return false, err
	}
	defer h.leave()
	none := kept == ""
	if none {
		kept = nobodysPassword
	}
	var version, memory, rounds, lanes int
	parts := strings.Split(kept, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, nil
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &rounds, &lanes); err != nil {
		return false, nil // a hash of another form is nobody's
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, nil // as above
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || version != argon2.Version || memory < 8 || memory > 1<<20 || rounds < 1 || rounds > 16 || lanes < 1 || lanes > 16 || len(want) != hashLength {
		return false, nil // as above
	}
	got := argon2.IDKey([]byte(password), salt, uint32(rounds), uint32(memory), uint8(lanes), hashLength)
	return subtle.ConstantTimeCompare(got, want) == 1 && !none, nil
}
