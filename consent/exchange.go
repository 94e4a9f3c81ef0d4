package consent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
)

// exchange trades a callback for tokens, once. The click is in exchanging already: if the process dies from here on,
// the click ends as a lost answer and the merchant clicks again. The sealed answer is the first thing committed;
// everything after it can be resumed.
func (fl *Flow) exchange(ctx context.Context, opened apps.Opened, kind string, c gk.Click, cb platform.Callback) {
	log := fl.log.With("platform", opened.Driver.Spec().Code, "app", opened.App.ID, "click", c.ID)
	defer fl.ended.tell(c.ID)
	if kind == gk.KindCancel { // what the callback says of itself anybody can write
		fl.cancelled(ctx, opened, c, cb)
		return
	}
	letGo := fl.yield(ctx, opened, claimedBy(cb, c))
	asked := platform.Asked{Stage: platform.StageToken, Claimed: cb.Subject, At: fl.keeper.Now()}
	issues, proved, err := fl.insist(ctx, opened, cb, &asked)
	if err != nil {
		letGo()
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
		if err := fl.endClick(ctx, c.ID, gk.Exchanging, reason, f, end); err != nil {
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
	sealed, err := fl.vault.Seal(answerPlace(c.ID), plain)
	if err != nil {
		log.Error("an answer could not be sealed", "error", err)
		return
	}
	fl.keeper.KeepAnswer(ctx, c.ID, sealed)
	if err := fl.Complete(ctx, c.ID); err != nil {
		log.Warn("authorization not completed yet; it will be tried again", "error", err)
	}
}

const (
	insistFor   = 20 * time.Second // where no life of a code is published; the shortest is a minute
	insistMost  = time.Minute      // the merchant has been told by then that it takes longer
	repeatMost  = 4 * time.Minute  // of a code that brings the same pair again
	repeatEach  = time.Minute      // of one try of such a code, which may be cut off: the next one brings what it would have
	firstInsist = 1500 * time.Millisecond
)

// patienceOf is how long an exchange that met a busy platform, and one whose answer was lost, are tried again.
func patienceOf(f *platform.Facts) (busy, lost time.Duration) {
	busy = insistFor
	if life := time.Duration(f.Link.CodeLife); life > 0 {
		busy = min(max(life/4, insistFor), insistMost)
	}
	return busy, min(time.Duration(f.Callback.CodeRepeat), repeatMost)
}

// insist redeems, and redeems again where the merchant would else have to agree once more: where the platform says that
// it has too much to do, since it has spent nothing then and the code lives on for a while; and after a lost answer where
// the code brings the same pair again.
func (fl *Flow) insist(ctx context.Context, opened apps.Opened, cb platform.Callback, asked *platform.Asked) (issues []platform.Issue, proved bool, err error) {
	began := fl.keeper.Now()
	ifBusy, ifLost := patienceOf(opened.Driver.Spec().Facts)
	for pause := firstInsist; ; pause *= 2 {
		issues, proved, err = fl.redeem(ctx, opened, cb, asked)
		var refusal *gk.Fault
		within := time.Duration(0)
		switch refused := errors.As(err, &refusal); {
		case err == nil, apps.NotSent(err):
		case refused && refusal.Known && refusal.Action == gk.Backoff:
			within, pause = ifBusy, max(pause, refusal.RetryAfter)
		case !refused:
			within = ifLost
		}
		if fl.keeper.Now().Add(pause).Sub(began) > within || fl.keeper.Draining() {
			return issues, proved, err
		}
		fl.log.Info("a code is exchanged again in a moment", "app", opened.App.ID, "error", err, "pause", pause)
		time.Sleep(pause)
	}
}

// redeem asks for the tokens. proved says that the platform itself vouched for the callback by trading it.
func (fl *Flow) redeem(ctx context.Context, opened apps.Opened, cb platform.Callback, asked *platform.Asked) (issues []platform.Issue, proved bool, err error) {
	if len(cb.Tokens) > 0 {
		return cb.Tokens, cb.Proven, nil
	}
	if opened, err = opened.Equipped(ctx); err != nil {
		return nil, false, fmt.Errorf("%w: %w", outbound.ErrNotSent, err)
	}
	req, err := opened.Request("exchange", func() (*platform.Request, error) { return opened.Driver.ExchangeRequest(opened.Open, cb) })
	if err != nil {
		return nil, false, err
	}
	var reply platform.Reply
	if req != nil {
		asked.Sent, asked.At = req.Sent, fl.keeper.Now()
		deadline := exchangeDeadline
		if opened.Driver.Spec().Facts.Callback.CodeRepeat > 0 {
			deadline = repeatEach
		}
		if reply, err = opened.Ask(ctx, req, true, deadline); err != nil {
			return nil, false, err
		}
	}
	issues, err = opened.Issues(*asked, reply)
	if err == nil && len(issues) == 0 {
		err = &platform.Garbled{Why: "it names nobody"}
	}
	return issues, req != nil, err
}

// exchangeDeadline is the hard end of one exchange. A code works once, so cutting its exchange off early can only lose.
const exchangeDeadline = 300 * time.Second
