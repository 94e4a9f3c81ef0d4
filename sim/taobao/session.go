package taobao

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// invalidSession is code 27: why is told by the sub-code.
func invalidSession(subCode, subMsg string) *topError {
	return &topError{27, messages[27], subCode, subMsg}
}

// checkSession finds the pair of a call's session and checks that it lives, that it opens the level of the method, and
// that a sub-account may call it.
func (s *simulator) checkSession(op *operation, level string) *topError {
	session, sent := op.params["session"]
	pair := s.kit.Ledger.ByAccess(session)
	switch {
	case !sent:
		return plain(26)
	case session == "":
		return &topError{27, messages[27] + ":session-is-blank", "session-is-blank", ""}
	case pair == nil && !wellFormed.MatchString(session):
		return invalidSession("INVALID_PARAMS", "INVALID_PARAMS:invalid AccessToken : "+session)
	case pair == nil:
		return invalidSession("invalid-sessionkey", "SessionKey非法")
	case pair.App != op.app.ID:
		return invalidSession("sessionkey-not-generated-by-server",
			fmt.Sprintf("RealSession don&apos;t belong app and user ! appKey is : %s , user id is : %s", op.app.ID, pair.Subject.ID))
	}
	h := heldOf(pair)
	rotation := sim.Rotation{Overlap: sim.Keep}
	if s.options.oldAccess() == "dies" {
		rotation.Overlap = 0
	}
	if s.kit.Ledger.AccessState(pair, rotation) != sim.Alive || s.grantOf(op.app, pair) == nil {
		return invalidSession("invalid-sessionkey", "SessionKey非法")
	}
	op.pair, op.account = pair, h.account
	if s.kit.Now().Before(h.windows.of(level)) {
		return mayAccountCall(op)
	}
	switch {
	case level == "r1" || level == "w1":
		if s.options.ordinaryWindows() {
			return plain(42)
		}
		return mayAccountCall(op)
	case s.options.shortGrantError() == "42":
		return plain(42)
	}
	over := "isv." + level + "-security-authorize-invalid"
	return &topError{53, messages[53], over, over}
}

// mayAccountCall refuses what the main account has not given its sub-account.
func mayAccountCall(op *operation) *topError {
	method := op.params["method"]
	if !slices.Contains(dataOf(op.account).forbidden, method) {
		return nil
	}
	return &topError{code: subAccountCode, msg: messages[subAccountCode], subMsg: "该子帐号无此操作权限" + method + ", 请通过主帐号设置开通相应权限（应用）!"}
}

// traffic is how often an app has called an API in a minute, or that it is banned from it.
type traffic struct {
	until  time.Time // of the minute, or of the ban
	calls  int
	banned bool
}

// throttle counts a call. An app that calls an API too often is banned from it, and told for how many seconds still.
func (s *simulator) throttle(op *operation) *topError {
	most := s.options.callsAMinute()
	if most == 0 {
		return nil
	}
	now, key := s.kit.Now(), [2]string{op.app.ID, op.params["method"]}
	t := s.traffic[key]
	if t == nil || !now.Before(t.until) {
		t = &traffic{until: now.Add(time.Minute)}
		s.traffic[key] = t
	}
	if t.calls++; t.calls <= most {
		return nil
	}
	if !t.banned {
		t.banned, t.until = true, now.Add(s.options.ban())
	}
	seconds := int(math.Ceil(t.until.Sub(now).Seconds()))
	return &topError{7, messages[7], "accesscontrol.limited-by-app-api-access-count", fmt.Sprintf("This ban will last for %d more seconds", seconds)}
}
