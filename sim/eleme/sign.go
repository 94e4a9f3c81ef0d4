package eleme

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strings"
)

// callSignatures returns the signatures that a call may carry: its members sorted as pairs, as the document and most SDKs
// do, or by key, as the PHP and Java SDKs do. The two differ only where one key begins with another.
func callSignatures(action, token, secret string, list []member) []string {
	byKey := slices.Clone(list)
	slices.SortFunc(byKey, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	return []string{
		digest(action + token + joined(sortedPairs(list)) + secret),
		digest(action + token + joined(byKey) + secret),
	}
}

// pushSignature signs the members of a push, whose values are plain: strings without quotes, numbers in decimal.
func pushSignature(secret string, list []member) string {
	return digest(joined(sortedPairs(list)) + secret)
}

func sortedPairs(list []member) []member {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b member) int { return cmp.Compare(a.pair(), b.pair()) })
	return list
}

func (m member) pair() string { return m.key + "=" + m.value }

func joined(list []member) string {
	var text strings.Builder
	for _, m := range list {
		text.WriteString(m.pair())
	}
	return text.String()
}

// digest is the MD5 of a text in upper-case hexadecimal digits.
func digest(text string) string {
	sum := md5.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}
