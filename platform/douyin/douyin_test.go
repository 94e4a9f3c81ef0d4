package douyin_test

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/douyin"
)

var driver = douyin.New()

const (
	demoKey    = "7100000000000000042"
	demoSecret = "0c9d3b71-aa52-4e6f-8f10-5b2e7d94c3a8"
)

var now = time.Unix(1780000000, 0).UTC()

// demoApp is an app with made-up settings, changed.
func demoApp(change map[string]string) platform.App {
	app := platform.App{
		Settings: map[string]string{"app_key": demoKey, "service_id": "24071", "redirect_uri": "https://hub.example.com/cb/douyin"},
		Secrets:  map[string][]gk.Secret{"app_secret": {gk.NewSecret(demoSecret)}},
		Now:      now,
	}
	for name, value := range change {
		switch name {
		case "profile":
			app.Profile = value
		case "stage":
			app.Stage = value
		default:
			app.Settings[name] = value
		}
	}
	return driver.Spec().Open(app)
}

func credential() platform.Credential {
	return platform.Credential{
		Subject: gk.Subject{Kind: gk.KindShop, ID: "5551001"},
		Token:   gk.Token{Access: gk.NewSecret("5a-demo-access-0001"), Refresh: gk.NewSecret("50-demo-refresh-0001")},
	}
}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}
