package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/platform/platformtest"
)

// TestShellAndAPIAgreeAboutSettings gives one table of settings to /v1/apps and to the offline command request: both
// take a value or both refuse it, with the same words about the same setting.
func TestShellAndAPIAgreeAboutSettings(t *testing.T) {
	drivers := all.Drivers() // read once: they bring their catalogues
	h := newHouseOn(t, network{dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no network in this test")
	}}, withoutFirst(drivers)...)
	values := []string{
		"7", "0", "-7", "007", "7.0", "1e3", " 77\r\n", "\ufeff77", "4294967296", "99999999999999999999", "24681O", "２４６", "77 78", "77\u00a078", "a\nb", "a\x00b", "x-Y_z",
		"GLOBAL", "US", "mars", "MD5", "sha1", "true", "yes", "https://hub.example.org/cb", "https://hub.example.org/cb#x", "https://me@hub.example.org/cb", "hub.example.org", "ftp://hub.example.org",
	}
	// By form and value: what reads a form is one piece of code for all platforms. Of the values that the shell takes a few
	// of each form do, since each makes an app.
	tried, taken := map[string]bool{}, map[string]int{}
	for _, d := range drivers {
		code := d.Spec().Code
		sample := platformtest.ReadSample(t, d, os.DirFS("../platform/"+code+"/testdata"))
		for name, s := range d.Spec().Facts.Settings {
			if s.Type == "list" || s.Type == "time" {
				continue // told as lists and moments in JSON, which TestSettingsHaveTheirOwnJSONTypes looks at
			}
			for _, value := range values {
				form := fmt.Sprint(s.Type, s.Digits, s.Secret, s.Max, s.Choices)
				if tried[form+value] {
					continue
				}
				tried[form+value] = true
				settings := map[string]string{"redirect_uri": "https://hub.example.org/cb"}
				maps.Copy(settings, sample.Settings)
				settings[name] = value
				byShell := ofShell(t, drivers, code, name, settings)
				if byShell == "" {
					taken[form]++
				}
				if byShell == "" && taken[form] > 3 {
					continue
				}
				if byAPI := ofAPI(t, h, code, name, settings); byAPI != byShell {
					t.Errorf("%s %s %q: the API says %q, the shell %q", code, name, value, byAPI, byShell)
				}
			}
		}
	}
}

func withoutFirst(drivers []platform.Driver) []platform.Driver {
	var rest []platform.Driver
	for _, d := range drivers {
		if d.Spec().Code != "shoplazza" {
			rest = append(rest, d)
		}
	}
	return rest
}

// ofAPI returns what POST /v1/apps says about a setting, the others being right; empty if it takes it.
func ofAPI(t *testing.T, h *house, code, name string, settings map[string]string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"platform": code, "name": "agree", "settings": settings})
	if err != nil {
		t.Fatal(err)
	}
	a := h.do("all", "POST", "/v1/apps", string(body))
	if a.status == 201 {
		return ""
	}
	why, ok := fieldsOf(t, a)["settings."+name]
	if a.status != 422 || !ok {
		t.Errorf("%s: the API answers %d without the setting's name: %s", name, a.status, a.body)
	}
	return why
}

// ofShell returns what the offline command says about a setting; empty if it goes on.
func ofShell(t *testing.T, drivers []platform.Driver, code, name string, settings map[string]string) string {
	t.Helper()
	line, err := json.Marshal(map[string]any{
		"platform": code, "do": "authorize", "state": "s", "app": settings, "subject": map[string]string{"host": "demo-7." + shopHosts[code]},
	})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := offline.Commands{Drivers: drivers, Now: time.Now}.Line("request", line)
	if err == nil {
		if len(answer) == 0 {
			t.Errorf("%s %s: no answer", code, name)
		}
		return ""
	}
	why, ok := strings.CutPrefix(err.Error(), name+" ")
	if !ok {
		t.Errorf("%s %s: the shell says %q and not about which setting", code, name, err)
	}
	return why
}

var shopHosts = map[string]string{"shoplazza": "myshoplaza.com", "shopify": "myshopify.com"}
