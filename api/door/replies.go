package door

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/grantkeep/grantkeep/api/problem"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// request is one request that its sender may repeat: the API key it came with, its route, the text that names it, and a
// digest of all that it asks for.
type request struct {
	Key, Route, Name string
	Digest           []byte
}

func (r request) id() []byte {
	sum := sha256.Sum256([]byte(r.Route + "\x00" + r.Name))
	return sum[:]
}

func (r request) place() vault.Place {
	return vault.Place{Table: "replies", Row: r.Key + " " + hex.EncodeToString(r.id()), Field: "answer"}
}

// replies keeps the answers to requests that name themselves.
type replies struct {
	store store.Replies
	vault *vault.Vault
	now   func() time.Time
}

// first reserves a request. For one that was answered before it returns that answer; problem.ErrReused and problem.ErrUnderWay say what
// else was found; nil and no error that it is the first, which answer or forget must end.
func (k replies) first(ctx context.Context, r request) (answer []byte, err error) {
	found, first, err := k.store.ReserveReply(ctx, store.Reply{Key: r.Key, ID: r.id(), Request: r.Digest, At: k.now()})
	switch {
	case err != nil || first:
		return nil, err
	case !bytes.Equal(found.Request, r.Digest):
		return nil, problem.ErrReused
	case len(found.Answer) == 0:
		return nil, problem.ErrUnderWay
	}
	return k.vault.Open(r.place(), found.Answer)
}

// answer keeps what a request was answered. It is sealed: it may hold a link, a key or a signed call.
func (k replies) answer(ctx context.Context, r request, answer []byte) error {
	sealed, err := k.vault.Seal(r.place(), answer)
	if err != nil {
		return err
	}
	return k.store.SetReply(ctx, store.Reply{Key: r.Key, ID: r.id(), Answer: sealed})
}

// forget makes the next request of this name the first.
func (k replies) forget(ctx context.Context, r request) error {
	return k.store.DropReply(ctx, r.Key, r.id())
}
