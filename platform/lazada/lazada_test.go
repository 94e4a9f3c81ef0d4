package lazada_test

import (
	"time"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/lazada"
)

var driver = lazada.New()

const (
	demoSecret = "kX4mPq8sTv2wYz6bDf0hJn3rLc7gMe5a"
	demoToken  = "50000demoABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijk0123456789"
)

var now = time.Unix(1780000000, 0).UTC()

// demoApp is an app with made-up settings, changed.
func demoApp(change map[string]string) platform.App {
	app := platform.App{
		Settings: map[string]string{"app_key": "246810", "redirect_uri": "https://hub.example.com/cb/lazada"},
		Secrets:  map[string][]gk.Secret{"app_secret": {gk.NewSecret(demoSecret)}},
		Now:      now,
	}
	for name, value := range change {
		if name == "stage" {
			app.Stage = value
			continue
		}
		app.Settings[name] = value
	}
	return driver.Spec().Open(app)
}

// credential reaches a seller in Singapore and one in Malaysia.
func credential() platform.Credential {
	return platform.Credential{
		Subject: gk.Subject{Kind: gk.KindAccount, ID: "700001"},
		Token:   gk.Token{Access: gk.NewSecret(demoToken), Refresh: gk.NewSecret("50001demoZYXWVUTSRQPO")},
		Shops:   []gk.Shop{{ID: "my:1000778", Region: "my"}, {ID: "sg:1000777", Region: "sg"}},
	}
}

func reply(status int, body string) platform.Reply {
	return platform.Reply{Status: status, Body: []byte(body), Received: now}
}
