package shopee

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantkeep/grantkeep/sim"
)

const (
	pushTest     = 0
	pushGiven    = 1
	pushEnded    = 2
	pushExpiring = 12
)

// pushPatience is how long the platform waits for the answer to a push.
const pushPatience = 3 * time.Second

// pushLadder are the waits before the attempts after the first.
var pushLadder = []time.Duration{300 * time.Second, 1800 * time.Second, 10800 * time.Second}

// givenPush is push 1. The order of the members is that of the platform's sample.
type givenPush struct {
	Data struct {
		AuthorizeType  string  `json:"authorize_type"`
		Extra          string  `json:"extra"`
		ShopID         any     `json:"shop_id,omitempty"`
		ShopIDList     []int64 `json:"shop_id_list,omitempty"`
		MerchantIDList []int64 `json:"merchant_id_list,omitempty"`
		MainAccountID  int64   `json:"main_account_id,omitempty"`
		Success        any     `json:"success"`
	} `json:"data"`
	PartnerID int64 `json:"partner_id"`
	Code      int   `json:"code"`
	Timestamp int64 `json:"timestamp"`
}

// endedPush is push 2.
type endedPush struct {
	Data struct {
		AuthorizeType  string  `json:"authorize_type"`
		ShopID         any     `json:"shop_id,omitempty"`
		ShopIDText     any     `json:"shopid,omitempty"`
		MerchantID     any     `json:"merchant_id,omitempty"`
		ShopIDList     []int64 `json:"shop_id_list,omitempty"`
		MerchantIDList []int64 `json:"merchant_id_list,omitempty"`
		MainAccountID  int64   `json:"main_account_id,omitempty"`
		Success        any     `json:"success"`
		Extra          string  `json:"extra"`
	} `json:"data"`
	Code      int   `json:"code"`
	PartnerID int64 `json:"partner_id"`
	Timestamp int64 `json:"timestamp"`
}

// expiringPush is one page of push 12, which names neither app nor shop at its top.
type expiringPush struct {
	Code      int   `json:"code"`
	Timestamp int64 `json:"timestamp"`
	Data      struct {
		Merchants    []int64 `json:"merchant_expire_soon"`
		Shops        []int64 `json:"shop_expire_soon"`
		Users        []int64 `json:"user_expire_soon"`
		ExpireBefore int64   `json:"expire_before"`
		PageNo       int     `json:"page_no"`
		TotalPage    int     `json:"total_page"`
	} `json:"data"`
}

// pushGiven tells an app of a consent.
func (s *simulator) pushGiven(app *sim.App, given *consent, main string) {
	p := givenPush{PartnerID: number(app.ID), Code: pushGiven, Timestamp: s.kit.Now().Unix()}
	p.Data.Success = s.loose(1)
	p.Data.AuthorizeType = "shop authorization by user"
	if main == "" {
		shop := given.shops[0]
		p.Data.Extra = fmt.Sprintf("shop id %s (%s) has been authorized successfully", shop.ID, shop.Region)
		p.Data.ShopID = s.loose(number(shop.ID))
		s.push(app, shop.ID, pushGiven, p)
		return
	}
	p.Data.Extra = fmt.Sprintf("main account %s has authorized successfully", main)
	p.Data.ShopIDList, p.Data.MerchantIDList = numbers(given.shops), numbers(given.merchants)
	p.Data.MainAccountID = number(main)
	s.push(app, main, pushGiven, p)
}

// pushEnd tells an app that a link is over. Where the shop's id stands differs: the sample of an expiry writes shopid,
// that of a seller's cancellation has it in the text alone.
func (s *simulator) pushEnd(x *link, why string) {
	p := endedPush{Code: pushEnded, PartnerID: number(x.app.ID), Timestamp: s.kit.Now().Unix()}
	p.Data.AuthorizeType = why
	p.Data.Success = s.loose(1)
	p.Data.Extra = fmt.Sprintf("%s id %s (%s) has been canceled authorization successfully", x.shop.Kind, x.shop.ID, x.shop.Region)
	place := s.options.cancelPush()
	if place == "sampled" {
		place = "shop_id"
		switch why {
		case cancelExpiry:
			place = "shopid"
			p.Data.Extra = "The authorization is expired."
		case cancelShop, cancelMerchant:
			place = "extra"
		}
	}
	id := number(x.shop.ID)
	merchant := x.shop.Kind == kindMerchant
	switch {
	case place == "list" && merchant:
		p.Data.MerchantIDList = []int64{id}
	case place == "list":
		p.Data.ShopIDList = []int64{id}
	case place == "extra":
	case merchant:
		p.Data.MerchantID = s.loose(id)
	case place == "shopid":
		p.Data.ShopIDText = s.loose(id)
	default:
		p.Data.ShopID = s.loose(id)
	}
	if place == "list" && x.main != "" {
		p.Data.MainAccountID = number(x.main)
	}
	s.push(x.app, x.shop.ID, pushEnded, p)
}

// pushExpiring tells an app what ends within a week, page by page. Ids told before are told again.
func (s *simulator) pushExpiring(app *sim.App, now time.Time) {
	soon := s.links.alive(func(x *link) bool { return x.app == app && !now.Before(x.ends.Add(-warning)) })
	pages := slices.Collect(slices.Chunk(soon, s.options.pushPage()))
	for i, part := range pages {
		p := expiringPush{Code: pushExpiring, Timestamp: now.Unix()}
		p.Data.Merchants, p.Data.Shops, p.Data.Users = []int64{}, []int64{}, []int64{}
		p.Data.ExpireBefore, p.Data.PageNo, p.Data.TotalPage = now.Add(warning).Unix(), i+1, len(pages)
		for _, x := range part {
			if x.shop.Kind == kindMerchant {
				p.Data.Merchants = append(p.Data.Merchants, number(x.shop.ID))
			} else {
				p.Data.Shops = append(p.Data.Shops, number(x.shop.ID))
			}
		}
		s.push(app, "", pushExpiring, p)
	}
}

// loose writes a number as text where the switch says so.
func (s *simulator) loose(n int64) any {
	if s.options.pushStrings() {
		return strconv.FormatInt(n, 10)
	}
	return n
}

// push sends a message to an app that wants it. What cannot be delivered is kept to be fetched.
func (s *simulator) push(app *sim.App, subject string, code int, message any) {
	from := s.sender(app)
	if !from.wants(code, subject) {
		return
	}
	text, err := json.Marshal(message)
	if err != nil {
		panic("sim: shopee: push: " + err.Error()) // made of texts, numbers and lists
	}
	s.send(app, subject, text, pushLadder, func(delivered bool) {
		from.note(s.kit.Now(), delivered)
		if !delivered {
			from.lose(s.kit.Now(), code, subject, text)
		}
	})
}

func (s *simulator) send(app *sim.App, subject string, text []byte, ladder []time.Duration, done func(bool)) {
	url := app.Text("push_url")
	header := http.Header{}
	if kind := s.options.pushType(); kind != "none" {
		header.Set("Content-Type", kind)
	}
	key := app.Text(s.options.pushKey())
	if key == "" {
		key = app.Text("partner_key")
	}
	header.Set("Authorization", sum(key, url+"|"+string(text)))
	s.kit.Pushes.Send(sim.Push{
		App: app.ID, Subject: subject, URL: url, Header: header, Body: text, Ladder: ladder, Timeout: pushPatience,
		OK:   func(status int, body []byte) bool { return status/100 == 2 && len(body) == 0 },
		Done: done,
	})
}

// pushRow sends the push that a row of the catalogue names, about the link given last.
func (s *simulator) pushRow(code string) {
	alive := s.links.alive(func(*link) bool { return true })
	if len(alive) == 0 {
		return
	}
	x := alive[len(alive)-1]
	if why, ended := strings.CutPrefix(code, "push:2:"); ended {
		s.pushEnd(x, why)
		return
	}
	x.warns = true
	s.pushExpiring(x.app, x.ends.Add(-warning))
}
