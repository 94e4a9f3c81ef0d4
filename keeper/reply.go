package keeper

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// What can stand in the way of a request that names itself.
var (
	ErrReused   = errors.New("keeper: this Idempotency-Key came with another request before")
	ErrUnderWay = errors.New("keeper: the first request with this Idempotency-Key is under way, or was cut off; read what it did before you repeat it")
)

// Request is one request that its sender may repeat: the API key it came with, its route, the text that names it, and a
// digest of all that it asks for.
type Request struct {
	Key, Route, Name string
	Digest           []byte
}

func (r Request) id() []byte {
	sum := sha256.Sum256([]byte(r.Route + "\x00" + r.Name))
	return sum[:]
}

func (r Request) place() vault.Place {
	return vault.Place{Table: "replies", Row: r.Key + " " + hex.EncodeToString(r.id()), Field: "answer"}
}

// First reserves a request. For one that was answered before it returns that answer; ErrReused and ErrUnderWay say what
// else was found; nil and no error that it is the first, which Answer or Forget must end.
func (k *Keeper) First(ctx context.Context, r Request) (answer []byte, err error) {
	found, first, err := k.store.ReserveReply(ctx, store.Reply{Key: r.Key, ID: r.id(), Request: r.Digest, At: k.Now()})
	switch {
	case err != nil || first:
		return nil, err
	case !bytes.Equal(found.Request, r.Digest):
		return nil, ErrReused
	case len(found.Answer) == 0:
		return nil, ErrUnderWay
	}
	return k.vault.Open(r.place(), found.Answer)
}

// Answer keeps what a request was answered. It is sealed: it may hold a link, a key or a signed call.
func (k *Keeper) Answer(ctx context.Context, r Request, answer []byte) error {
	sealed, err := k.vault.Seal(r.place(), answer)
	if err != nil {
		return err
	}
	return k.store.SetReply(ctx, store.Reply{Key: r.Key, ID: r.id(), Answer: sealed})
}

// Forget makes the next request of this name the first.
func (k *Keeper) Forget(ctx context.Context, r Request) error {
	return k.store.DropReply(ctx, r.Key, r.id())
}
