package gateway

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/platform"
)

var (
	// ErrPaced says that the platform takes no call of this grant or app at the moment. It comes inside a *keeper.Later.
	ErrPaced = errors.New("gateway: the platform takes no more calls at the moment")
	// ErrTooLarge says that a body is longer than the platform's protocol lets us pass on: it has to be signed or looked into.
	ErrTooLarge = errors.New("gateway: the body is longer than 16 MiB")
	// ErrTooSlow says that the caller did not send the body in time.
	ErrTooSlow = errors.New("gateway: the body came too slowly")
)

// Options is what a gateway is made of. Keeper is required.
type Options struct {
	Keeper     *keeper.Keeper
	Log        *slog.Logger
	HeaderWait time.Duration // how long the platform may take until its answer begins; 0: 60 s
	Bodies     int64         // bytes of all bodies that are kept at once; 0: 64 MiB
	Idle       time.Duration // how long a body may stand still in either direction; 0: 60 s
}

// Gateway signs and sends calls on behalf of grants. It is safe for concurrent use.
type Gateway struct {
	keeper     *keeper.Keeper
	log        *slog.Logger
	pace       *pacer
	bodies     *bodies
	headerWait time.Duration
	idle       time.Duration
}

// New makes a gateway.
func New(o Options) *Gateway {
	g := &Gateway{keeper: o.Keeper, log: o.Log, pace: newPacer(o.Keeper.Now), bodies: &bodies{left: cmp.Or(o.Bodies, bodiesMost)}, headerWait: o.HeaderWait, idle: o.Idle}
	if g.log == nil {
		g.log = slog.Default()
	}
	if g.headerWait == 0 {
		g.headerWait = time.Minute
	}
	if g.idle == 0 {
		g.idle = time.Minute
	}
	return g
}

// Signed is a call that is ready to be sent.
type Signed struct {
	App     platform.App
	Request *platform.Request
}

// Sign makes the request of a call and sends nothing. The request holds the grant's access token.
func (g *Gateway) Sign(ctx context.Context, v gk.Viewer, grant string, call platform.Call) (Signed, error) {
	use, _, err := g.keeper.Use(ctx, v, grant, keeper.TokenWant{})
	if err != nil {
		return Signed{}, err
	}
	req, err := sign(use, call)
	return Signed{use.App, req}, err
}

// sign makes the request of a call on behalf of an opened grant.
func sign(use keeper.Use, call platform.Call) (*platform.Request, error) {
	if err := check(use.Driver.Spec().Facts, call); err != nil {
		return nil, err
	}
	if !reaches(use.Credential, call.Shop) {
		return nil, &platform.BadCall{Field: "shop", Why: "is none of this grant's shops"}
	}
	call.Header = passable(call.Header)
	return use.Driver.Sign(use.App, use.Credential, call)
}

// reaches reports whether a call may be about a shop; an empty one is the grant's own affair.
func reaches(cred platform.Credential, shop string) bool {
	return shop == "" || shop == cred.Subject.ID || slices.ContainsFunc(cred.Shops, func(s gk.Shop) bool { return s.ID == shop })
}

// wanted is what a call needs of a token: that it lasts until the platform has read it.
var wanted = keeper.TokenWant{MinValid: new(time.Minute)}
