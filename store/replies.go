package store

import (
	"context"
	"time"

	gk "github.com/grantkeep/grantkeep"
)

// KeepReplies is how long a reply is kept.
const KeepReplies = 24 * time.Hour

// Reply is what a request that may be repeated was answered.
type Reply struct {
	Key     string    // id of the API key
	ID      []byte    // digest of the route and of the text that names the request
	Request []byte    // digest of the request
	Answer  gk.Sealed // empty while the first request is under way
	At      time.Time // when the first request came
}

// Replies make a request that is repeated do its work once.
type Replies interface {
	// ReserveReply stores a reply without its answer; first says that nobody came before within KeepReplies. Otherwise
	// found is what stands.
	ReserveReply(ctx context.Context, r Reply) (found Reply, first bool, err error)
	// SetReply stores the answer of a reply that is reserved.
	SetReply(ctx context.Context, r Reply) error
	// DropReply forgets a reply.
	DropReply(ctx context.Context, key string, id []byte) error
}
