package signing

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	gk "github.com/grantkeep/grantkeep"
)

// Recipe is how a platform turns a text and a secret into a signature.
type Recipe struct {
	Hash   func() hash.Hash
	Key    bool // the secret is the key of an HMAC
	Before bool // the secret stands before the text
	After  bool // the secret stands behind the text
	Write  Writing
}

// Writing is how the bytes of a sum are written.
type Writing int

// The three ways in which platforms write a sum.
const (
	LowerHex Writing = iota
	UpperHex
	Base64
)

// The recipes that several platforms share. A driver that needs another one writes it down as its own.
var (
	MD5Around      = Recipe{Hash: md5.New, Before: true, After: true, Write: UpperHex}               // Taobao md5
	MD5After       = Recipe{Hash: md5.New, After: true, Write: UpperHex}                             // Ele.me
	HMACMD5        = Recipe{Hash: md5.New, Key: true, Write: UpperHex}                               // Taobao hmac
	HMACUpper      = Recipe{Hash: sha256.New, Key: true, Write: UpperHex}                            // Taobao hmac-sha256, Lazada
	HMACLower      = Recipe{Hash: sha256.New, Key: true, Write: LowerHex}                            // Shopee, callbacks of Shoplazza and Shopify
	HMACBase64     = Recipe{Hash: sha256.New, Key: true, Write: Base64}                              // webhooks of Shoplazza and Shopify
	HMACAround     = Recipe{Hash: sha256.New, Key: true, Before: true, After: true, Write: LowerHex} // TikTok Shop, Douyin
	MD5AroundLower = Recipe{Hash: md5.New, Before: true, After: true, Write: LowerHex}               // Douyin md5
	MD5AfterLower  = Recipe{Hash: md5.New, After: true, Write: LowerHex}                             // pushes of Douyin
	HMACAfter      = Recipe{Hash: sha256.New, Key: true, After: true, Write: LowerHex}               // pushes of Douyin, hmac-sha256
)

// Sign returns the signature of a text. An empty secret signs too, and never proves anything ([Recipe.Prove]).
func (r Recipe) Sign(text string, secret gk.Secret) string {
	return r.Write.text(r.sum(text, secret.Reveal()))
}

// Digest is Sign for a key in the clear, such as one that somebody may have written otherwise.
func (r Recipe) Digest(key, text string) string { return r.Write.text(r.sum(text, key)) }

// sum digests the text with the secret in its places.
func (r Recipe) sum(text, secret string) []byte {
	var h hash.Hash
	if r.Key {
		h = hmac.New(r.Hash, []byte(secret))
	} else {
		h = r.Hash()
	}
	for _, part := range r.parts(text, secret) {
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}

func (r Recipe) parts(text, secret string) []string {
	var parts []string
	if r.Before {
		parts = append(parts, secret)
	}
	parts = append(parts, text)
	if r.After {
		parts = append(parts, secret)
	}
	return parts
}

// Masked returns the text as it is signed, the secret masked where it is a part of it: what Request.SignedText holds.
func (r Recipe) Masked(text string) string {
	mask := gk.Secret{}.String()
	return strings.Join(r.parts(text, mask), "")
}

// Plain returns a digest without any secret, as links of Shopee v1 and people's mistakes have it.
func Plain(h func() hash.Hash, w Writing, text string) string {
	return Recipe{Hash: h, Write: w}.Sign(text, gk.Secret{})
}

func (w Writing) text(sum []byte) string {
	switch w {
	case UpperHex:
		return strings.ToUpper(hex.EncodeToString(sum))
	case Base64:
		return base64.StdEncoding.EncodeToString(sum)
	case LowerHex:
	}
	return hex.EncodeToString(sum)
}
