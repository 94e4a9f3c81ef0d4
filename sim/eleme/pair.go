package eleme

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

// rotation returns what replacing a pair does to it.
func (s *simulator) rotation(pair *sim.Pair) sim.Rotation {
	r := sim.Rotation{Grace: s.options.refreshGrace(), Overlap: s.options.enterpriseOverlap()}
	if app := s.kit.Apps.Find(pair.App); app.Text("profile") == personal {
		r.Overlap = s.options.personalOverlap()
	}
	return r
}

// tokenAnswer is a pair as the platform writes it. A personal app gets no refresh token.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	TraceID      string `json:"trace_id"`
}

// issue stores a pair and answers with it.
func (s *simulator) issue(w http.ResponseWriter, r *http.Request, app *sim.App, account string) {
	now, life := s.kit.Now(), s.options.productionLife()
	if app.Text("environment") == sandbox {
		life = s.options.sandboxLife()
	}
	pair := sim.Pair{App: app.ID, Subject: subject(account), Access: sim.Hex(32), ExpiresAt: now.Add(life)}
	if app.Text("profile") == enterprise {
		pair.Refresh = sim.Hex(32)
		if keeps := s.options.refreshLife(); keeps > 0 {
			pair.RefreshExpiresAt = now.Add(keeps)
		}
	}
	s.kit.Ledger.Issue(pair)
	s.kit.Call(r).Accept("token issued")
	writeJSON(w, r, http.StatusOK, tokenAnswer{
		AccessToken: pair.Access, TokenType: "Bearer", ExpiresIn: int64(life / time.Second), RefreshToken: pair.Refresh,
		TraceID: fmt.Sprintf("fe.demo_service^^%s|%d", strings.ToUpper(sim.Hex(32)), now.UnixMilli()),
	})
}

// identity exchanges a code for who gave it, which uses the code up.
func (s *simulator) identity(w http.ResponseWriter, r *http.Request) {
	app, wrong := s.client(r)
	form := readForm(r)
	if wrong == (failure{}) {
		wrong = wrongGrant(app, form)
	}
	var code *sim.Code
	if wrong == (failure{}) {
		code, wrong = s.spendCode(app, form)
	}
	if wrong != (failure{}) {
		s.refuse(w, r, wrong)
		return
	}
	s.kit.Ledger.Spend(code)
	s.kit.Call(r).About(app.ID, code.Subject.ID)
	s.kit.Call(r).Accept("identity told")
	writeJSON(w, r, http.StatusOK, map[string]string{"openId": openID(app.ID, code.Subject.ID)})
}

// openID names an account to one app, in the same way each time.
func openID(app, account string) string {
	sum := sha256.Sum256([]byte(app + ":" + account))
	return hex.EncodeToString(sum[:16])
}
