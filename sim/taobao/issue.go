package taobao

import (
	"net/url"
	"regexp"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// windows are the ends of the parts of a pair, by security level.
type windows struct{ r1, r2, w1, w2 time.Time }

// of returns the end of a level.
func (x windows) of(level string) time.Time {
	return map[string]time.Time{"r1": x.r1, "r2": x.r2, "w1": x.w1, "w2": x.w2}[level]
}

// held is what the simulator keeps of a pair.
type held struct {
	account *sim.Shop
	windows windows
	spent   bool // its refresh token was used
}

func heldOf(p *sim.Pair) *held { return p.Data.(*held) }

// windowsOf returns the windows of a pair issued at this moment: the sensitive ones end early where an app can re-arm
// them by a refresh, and are recorded as missing in testing.
func (s *simulator) windowsOf(app *sim.App, ends time.Time) windows {
	now := s.kit.Now()
	until := func(life time.Duration) time.Time {
		if at := now.Add(life); at.Before(ends) {
			return at
		}
		return ends
	}
	switch {
	case app.Text("stage") == "testing" && s.options.testingWindows() == "recorded":
		return windows{r1: until(30 * time.Minute), r2: now, w1: until(30 * time.Minute), w2: now}
	case s.refreshable(app) || app.Text("stage") == "testing":
		return windows{r1: ends, r2: until(s.options.r2Life()), w1: ends, w2: until(s.options.w2Life())}
	}
	return windows{r1: ends, r2: ends, w1: ends, w2: ends}
}

// issue stores a pair under the account's grant, with its windows open, and returns it.
func (s *simulator) issue(app *sim.App, account *sim.Shop, g *grant) *sim.Pair {
	now := s.kit.Now()
	seller := s.mainOf(account)
	w := s.windowsOf(app, g.ends)
	p := sim.Pair{
		App: app.ID, Subject: subject(app, account),
		Access: tokenText(seller.ID), Refresh: tokenText(seller.ID),
		ExpiresAt: g.ends, RefreshExpiresAt: now, AuthorizationExpiresAt: g.ends,
		Facts: sim.Settings{
			"nick": account.Name, "r1_valid": shown(w.r1), "r2_valid": shown(w.r2), "w1_valid": shown(w.w1), "w2_valid": shown(w.w2),
		},
		Data: &held{account: account, windows: w},
	}
	if s.refreshable(app) {
		p.RefreshExpiresAt = g.ends
	}
	return s.kit.Ledger.Issue(p)
}

func shown(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// tokenText makes up a token as they look: it begins with 6, holds ZZ, and ends with the number of the main account.
func tokenText(userID string) string {
	return "6" + sim.Digits(3) + sim.Hex(8) + "ZZ" + sim.Hex(28) + userID
}

// wellFormed is what a token looks like that is not damaged.
var wellFormed = regexp.MustCompile(`^6[0-9A-Za-z]{15,}$`)

// tokenAnswer is a pair as the platform writes it.
func (s *simulator) tokenAnswer(app *sim.App, p *sim.Pair) object {
	now := s.kit.Now()
	h := heldOf(p)
	left := func(end time.Time) any { return s.number(int64(end.Sub(now).Round(time.Second) / time.Second)) }
	at := func(end time.Time) any { return s.number(end.UnixMilli()) }
	o := object{
		{"access_token", p.Access}, {"token_type", "Bearer"}, {"expires_in", left(p.ExpiresAt)},
		{"refresh_token", p.Refresh}, {"re_expires_in", left(p.RefreshExpiresAt)},
		{"r1_expires_in", left(h.windows.r1)}, {"r2_expires_in", left(h.windows.r2)},
		{"w1_expires_in", left(h.windows.w1)}, {"w2_expires_in", left(h.windows.w2)},
		{"expire_time", at(p.ExpiresAt)}, {"refresh_token_valid_time", at(p.RefreshExpiresAt)},
		{"r1_valid", at(h.windows.r1)}, {"r2_valid", at(h.windows.r2)}, {"w1_valid", at(h.windows.w1)}, {"w2_valid", at(h.windows.w2)},
	}
	return append(o, s.identity(app, h.account)...)
}

// identity tells who authorized. Apps that only get open ids learn no number, and a nick that tells nothing.
func (s *simulator) identity(app *sim.App, account *sim.Shop) object {
	seller := s.mainOf(account)
	var o object
	if is(app, "open_id_only") {
		o = object{{"taobao_user_nick", url.QueryEscape("~" + openID(app, account) + "==~1~")}}
	} else {
		o = object{{"taobao_user_id", seller.ID}, {"taobao_user_nick", encodeNick(seller.Name)}}
		if account != seller {
			o = append(o, field{"sub_taobao_user_id", subID(account)}, field{"sub_taobao_user_nick", encodeNick(account.Name)})
		}
	}
	if name := s.options.openUID(); name != "none" || is(app, "open_id_only") {
		if name == "none" {
			name = "taobao_open_uid"
		}
		o = append(o, field{name, openID(app, account)})
	}
	return o
}

// encodeNick writes a nick as token answers do.
func encodeNick(nick string) string { return url.QueryEscape(nick) }

// number is a number in the form that the switch asks for.
func (s *simulator) number(n int64) any {
	if s.options.numbers() == "string" {
		return jsonText(n, false)
	}
	return n
}
