package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/store"
	"github.com/grantkeep/grantkeep/vault"
)

// exchangeDeadline is the hard end of one exchange. A code works once, so cutting its exchange off early can only lose.
const exchangeDeadline = 300 * time.Second

// exchange trades a callback for tokens, once. The click is in exchanging already: if the process dies from here on,
// the click ends as a lost answer and the merchant clicks again. The sealed answer is the first thing committed;
// everything after it can be resumed.
func (k *Keeper) exchange(ctx context.Context, opened apps.Opened, kind string, c gk.Click, cb platform.Callback) {
	log := k.log.With("platform", opened.Driver.Spec().Code, "app", opened.App.ID, "click", c.ID)
	defer k.ended.tell(c.ID)
	if kind == gk.KindCancel { // what the callback says of itself anybody can write
		k.cancelled(ctx, opened, c, cb)
		return
	}
	asked := platform.Asked{Stage: platform.StageToken, Claimed: cb.Subject, At: k.Now()}
	issues, proved, err := k.redeem(ctx, opened, cb, &asked)
	if err != nil {
		reason, f := gk.ReasonLostAnswer, apps.FaultIn(err)
		var refusal *gk.Fault
		if errors.As(err, &refusal) || apps.NotSent(err) {
			reason = gk.ReasonRefused
		}
		log.Warn("authorization not exchanged", "reason", reason, "error", err)
		end := func(c *gk.Click) {
			c.Stage = gk.Failed
			if apps.NotSent(err) {
				c.CodeHash = nil // it can still be spent
			}
		}
		if err := k.endClick(ctx, c.ID, gk.Exchanging, reason, f, end); err != nil {
			log.Error("the end of a click could not be stored", "error", err)
		}
		return
	}
	ans := answer{AskedAt: asked.At, Confirm: !proved && !cb.Proven, Issues: sealable(issues)}
	plain, err := json.Marshal(ans)
	if err != nil {
		log.Error("an answer could not be encoded", "error", err)
		return
	}
	sealed, err := k.vault.Seal(answerPlace(c.ID), plain)
	if err != nil {
		log.Error("an answer could not be sealed", "error", err)
		return
	}
	k.keep(ctx, entry{Kind: entryAnswer, Click: c.ID, Answer: sealed, KeyID: vault.KeyOf(sealed)})
	if err := k.complete(ctx, c.ID); err != nil {
		log.Warn("authorization not completed yet; it will be tried again", "error", err)
	}
}

// redeem asks for the tokens. proved says that the platform itself vouched for the callback by trading it.
func (k *Keeper) redeem(ctx context.Context, opened apps.Opened, cb platform.Callback, asked *platform.Asked) (issues []platform.Issue, proved bool, err error) {
	if len(cb.Tokens) > 0 {
		return cb.Tokens, cb.Proven, nil
	}
	req, err := opened.Request("exchange", func() (*platform.Request, error) { return opened.Driver.ExchangeRequest(opened.Open, cb) })
	if err != nil {
		return nil, false, err
	}
	var reply platform.Reply
	if req != nil {
		asked.Sent, asked.At = req.Sent, k.Now()
		if reply, err = opened.Ask(ctx, req, true, exchangeDeadline); err != nil {
			return nil, false, err
		}
	}
	issues, err = opened.Issues(*asked, reply)
	if err == nil && len(issues) == 0 {
		err = &platform.Garbled{Why: "it names nobody"}
	}
	return issues, req != nil, err
}

// answer is what lies sealed with a click until its grants stand.
type answer struct {
	AskedAt time.Time
	Confirm bool // the callback proved nothing and nothing was traded: the platform must be asked
	Issues  []sealableIssue
}

// sealableIssue is an issue written out, secrets and all; it exists only on its way into and out of the vault.
type sealableIssue struct {
	Subject                 gk.Subject
	Access, Refresh         string
	Expires, RefreshExpires time.Time
	Windows                 map[string]time.Time
	Ceiling                 time.Time
	Scopes                  []string
	Shops                   []gk.Shop
	Facts                   map[string]string
	Shared, Same, Final     bool
}

func sealable(issues []platform.Issue) []sealableIssue {
	out := make([]sealableIssue, 0, len(issues))
	for _, i := range issues {
		out = append(out, sealableIssue{
			Subject: i.Subject, Access: i.Token.Access.Reveal(), Refresh: i.Token.Refresh.Reveal(),
			Expires: i.Token.Expires, RefreshExpires: i.Token.RefreshExpires, Windows: i.Token.Windows, Ceiling: i.Ceiling,
			Scopes: i.Scopes, Shops: i.Shops, Facts: i.Facts, Shared: i.Shared, Same: i.Same, Final: i.Final,
		})
	}
	return out
}

func (s sealableIssue) issue() platform.Issue {
	return platform.Issue{
		Subject: s.Subject, Ceiling: s.Ceiling, Scopes: s.Scopes, Shops: s.Shops, Facts: s.Facts, Shared: s.Shared, Same: s.Same, Final: s.Final,
		Token: gk.Token{
			Access: gk.NewSecret(s.Access), Refresh: gk.NewSecret(s.Refresh),
			Expires: s.Expires, RefreshExpires: s.RefreshExpires, Windows: s.Windows,
		},
	}
}

func answerPlace(click string) vault.Place {
	return vault.Place{Table: "clicks", Row: click, Field: "answer"}
}

func (k *Keeper) openAnswer(c gk.Click) (answer, error) {
	var a answer
	plain, err := k.vault.Open(answerPlace(c.ID), c.Answer)
	if err != nil {
		return a, fmt.Errorf("click %s: %w", c.ID, err)
	}
	if err := json.Unmarshal(plain, &a); err != nil {
		return a, fmt.Errorf("click %s: its answer does not decode", c.ID)
	}
	return a, nil
}

// storeAnswer commits an answer to its click. A click that has ended meanwhile took its answer from elsewhere.
func (k *Keeper) storeAnswer(ctx context.Context, e entry) error {
	return k.store.UpdateClick(ctx, e.Click, k.Now(), func(c *gk.Click, _ *gk.Authorization) ([]gk.Event, error) {
		if c.Stage == gk.Issued || c.Stage == gk.Done {
			return nil, store.ErrUnchanged
		}
		c.Stage, c.Answer, c.AnswerKey, c.Reason, c.Fault = gk.Issued, e.Answer, e.KeyID, "", nil
		return nil, nil
	})
}
