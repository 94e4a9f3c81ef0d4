package sim

import (
	"crypto/rand"
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

func hasAnyPrefix(s string, prefixes ...string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

func settingText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case []any:
		var texts []string
		for _, item := range v {
			texts = append(texts, settingText(item))
		}
		return strings.Join(texts, " ")
	}
	return ""
}

const (
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	hexes   = "0123456789abcdef"
	digits  = "0123456789"
)

// Random returns n random letters and digits: a made-up token or secret.
func Random(n int) string { return pick(letters, n) }

// Hex returns n random lowercase hexadecimal digits.
func Hex(n int) string { return pick(hexes, n) }

// Digits returns a random number of n digits that does not begin with zero.
func Digits(n int) string { return pick(digits[1:], 1) + pick(digits, n-1) }

func pick(alphabet string, n int) string {
	var b strings.Builder
	size := big.NewInt(int64(len(alphabet)))
	for range n {
		i, err := rand.Int(rand.Reader, size)
		if err != nil {
			panic("sim: no randomness: " + err.Error()) // crypto/rand never fails on a supported system
		}
		b.WriteByte(alphabet[i.Int64()])
	}
	return b.String()
}
