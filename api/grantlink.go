package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/api/wire"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/platform"
)

// linkAgain is what a link for the merchant of a grant may say.
type linkAgain struct {
	ReturnTo string `json:"return_to,omitempty" doc:"where the merchant may go on; on one of the app's return origins"`
	Language string `json:"language,omitempty" enum:"zh-CN,zh-TW,en" doc:"of the page, whatever the browser prefers"`
}

// linkWithWords is a link with the words to send it with.
type linkWithWords struct {
	link
	Message platform.Texts `json:"message" doc:"what to send to the merchant; the link stands in it"`
}

func (s *server) routeGrantLink() {
	door.Add(s.Door, huma.Operation{
		OperationID: "link-grant", Method: http.MethodPost, Path: "/v1/grants/{id}/link", DefaultStatus: http.StatusCreated,
		Summary:     "Make a link with which the same merchant authorizes again",
		Description: "Only the grant's own subject may answer. The message says what to do, in three languages.",
	}, func(ctx context.Context, key gk.Key, in *struct {
		wire.ByID
		Body *linkAgain
	}) (*wire.Output[linkWithWords], error) {
		g, err := s.Store.Grant(ctx, key.Viewer(), in.ID)
		if err != nil {
			return nil, err
		}
		var want linkAgain
		if in.Body != nil {
			want = *in.Body
		}
		a, url, err := s.consent.Begin(ctx, key.Viewer(), consent.BeginInput{App: g.App, Grant: g.ID, ReturnTo: want.ReturnTo})
		if err != nil {
			return nil, err
		}
		if want.Language != "" {
			url += "?lang=" + want.Language
		}
		app, err := s.Store.App(ctx, key.Viewer(), g.App)
		if err != nil {
			return nil, err
		}
		made := s.linkOf(ctx, key, a, url)
		return wire.Answer(linkWithWords{made, s.askToAuthorize(app, g, made)}), nil
	})
}

// words of a message to a merchant. The blanks around names are those of Chinese text beside Latin letters.
var (
	askWords = platform.Texts{
		ZhCN: "您好。{shop} 给 {vendor} 的{platform}授权{why}。请在 {until} 前打开链接重新授权。{account}\n{url}",
		ZhTW: "您好。{shop} 給 {vendor} 的{platform}授權{why}。請在 {until} 前開啟連結重新授權。{account}\n{url}",
		En:   "Hello. The {platform} authorization of {shop} for {vendor} {why}. Please open the link before {until} and authorize again. {account}\n{url}",
	}
	askEnded = platform.Texts{ZhCN: "已经失效", ZhTW: "已經失效", En: "has ended"}
	askEnds  = platform.Texts{ZhCN: "将在 {end} 到期", ZhTW: "將在 {end} 到期", En: "ends on {end}"}
	askAgain = platform.Texts{ZhCN: "需要再确认一次", ZhTW: "需要再確認一次", En: "has to be given once more"}
)

// askToAuthorize writes the message by which the vendor asks a merchant to authorize again.
func (s *server) askToAuthorize(app gk.App, g gk.Grant, l link) platform.Texts {
	names, account := platform.Texts{ZhCN: g.Platform, ZhTW: g.Platform, En: g.Platform}, platform.Texts{}
	zone := time.UTC
	if d := s.Keeper.Apps().Driver(g.Platform); d != nil {
		facts := d.Spec().Facts
		names, account, zone = facts.Names, facts.Page.Account, facts.Refresh.Location()
		if facts.Page.Name.En != "" {
			names = facts.Page.Name
		}
	}
	shop := g.Subject.Name
	for _, other := range []string{g.Subject.Host, g.Subject.ID} {
		if shop == "" {
			shop = other
		}
	}
	end := g.Ceiling
	if end.IsZero() && !g.Renewable {
		end = g.Expires
	}
	why := askAgain
	switch {
	case g.State == gk.Expired || g.State == gk.Revoked || g.Fault != nil && g.Fault.Terminal:
		why = askEnded
	case !end.IsZero():
		why = askEnds
	}
	in := func(lang string) string {
		day := func(t time.Time) string { return t.In(zone).Format(time.DateOnly) }
		text := strings.Replace(askWords.In(lang), "{why}", why.In(lang), 1)
		return strings.NewReplacer(
			"{shop}", shop, "{vendor}", app.Vendor(), "{platform}", names.In(lang), "{until}", day(l.ExpiresAt.Time.Time),
			"{account}", account.In(lang), "{url}", l.URL, "{end}", day(end),
		).Replace(text)
	}
	return platform.Texts{ZhCN: in("zh-CN"), ZhTW: in("zh-TW"), En: in("en")}
}
