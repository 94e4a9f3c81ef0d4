package platform

import (
	gk "github.com/grantkeep/grantkeep"
)

// Proof is how a request to be verified is signed: enough to try what people get wrong. A driver tells its recipe and
// its own table of other texts; what is alike everywhere (blanks around a key, another encoding of the digest, another
// charset, JSON written anew) is tried by whoever runs the table.
type Proof struct {
	Given  string                        // the signature as it came
	Digest func(key, text string) string // the right digest of a text
	Text   string                        // the right text
	Body   string                        // the part of Text that is the raw body; empty: none
	Keys   []gk.Secret
	Others map[string][]gk.Secret // other secrets of the app, by the setting's name
	Slips  []Slip
}

// Slip is another text that somebody may have signed, and what to tell them.
type Slip struct{ Text, Why string }

// Prover is a driver whose signatures can be explained: of a kind callback, install, push or call. It returns false
// where the request carries no signature to explain.
type Prover interface {
	Proof(app App, kind string, in Incoming) (Proof, bool)
}
