package try

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/platform"
)

// settings fills in the app and the shop: from the flags, then from the simulator, then from the terminal. It returns
// the hosts that may be reached beside the platform's own.
func (t *trial) settings(ctx context.Context) (allow []string, err error) {
	facts := t.driver.Spec().Facts
	t.app = platform.App{
		Environment: t.environment, Profile: t.profile, Stage: t.stage,
		Settings: map[string]string{}, Secrets: map[string][]gk.Secret{}, Endpoints: map[string]string{},
	}
	if t.environment != gk.Production && t.environment != gk.Sandbox {
		return nil, shell.Usage("--environment %q is neither production nor sandbox", t.environment)
	}
	if t.profile != "" && !slices.Contains(facts.Profiles, t.profile) {
		return nil, shell.Usage("--profile %q is none of %s", t.profile, orNone(facts.Profiles))
	}
	given, err := t.given()
	if err != nil {
		return nil, err
	}
	if t.sim != nil {
		t.sim.describe(t, given)
	}
	for _, name := range t.names(given) {
		if err := t.setting(ctx, name, given); err != nil {
			return nil, err
		}
	}
	if err := t.redirect(ctx, given); err != nil {
		return nil, err
	}
	if err := t.shopOf(ctx); err != nil {
		return nil, err
	}
	for _, base := range t.app.Endpoints {
		if host := shell.Host(base); !slices.Contains(allow, host) {
			allow = append(allow, host)
		}
	}
	if t.sim != nil {
		if err := t.sim.register(ctx, t); err != nil {
			return nil, err
		}
	}
	return allow, nil
}

// given reads the flags. What is a secret may stand on no command line, where every user of the machine can read it.
func (t *trial) given() (map[string]string, error) {
	spec := t.driver.Spec()
	given := map[string]string{}
	for _, pair := range t.set {
		name, value, ok := strings.Cut(pair, "=")
		setting, known := spec.Facts.Settings[name]
		switch {
		case !ok:
			return nil, shell.Usage("--set takes NAME=VALUE")
		case setting.Secret:
			return nil, shell.Usage("--set %s: it is a secret, and command lines can be read by others; give --secret %s=FILE or --secret %s=env:VARIABLE", name, name, name)
		case !known && name != "redirect_uri":
			return nil, shell.Usage("--set %s: %s has no such setting; there are %s", name, spec.Code, strings.Join(slices.Sorted(maps.Keys(spec.Facts.Settings)), ", "))
		}
		given[name] = value
	}
	for _, pair := range t.secrets {
		name, from, ok := strings.Cut(pair, "=")
		if !ok || from == "-" {
			return nil, shell.Usage("--secret takes NAME=FILE or NAME=env:VARIABLE; standard input is where the browser's address is pasted")
		}
		if !spec.Facts.Settings[name].Secret {
			return nil, shell.Usage("--secret %s: %s has no such secret", name, spec.Code)
		}
		value, err := shell.SecretInput(shell.Streams{}, from)
		if err != nil {
			return nil, fmt.Errorf("--secret %s: %w", name, err)
		}
		given[name] = value
	}
	for _, pair := range t.endpoints {
		name, base, ok := strings.Cut(pair, "=")
		if u, err := url.Parse(base); !ok || err != nil || u.Host == "" {
			return nil, shell.Usage("--endpoint takes NAME=scheme://host[:port]")
		}
		t.app.Endpoints[name] = base
	}
	return given, nil
}

// names are the settings that a first token needs, and those that were given.
func (t *trial) names(given map[string]string) []string {
	facts := t.driver.Spec().Facts
	profile := t.driver.Spec().Open(t.app).Profile
	var names []string
	for name, setting := range facts.Settings {
		_, told := given[name]
		if (told || setting.RequiredFor(profile)) && name != "redirect_uri" && name != "push_url" {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int { // secrets last, as on the platforms' own pages
		if x, y := facts.Settings[a].Secret, facts.Settings[b].Secret; x != y {
			if x {
				return 1
			}
			return -1
		}
		return strings.Compare(a, b)
	})
	return names
}

// setting takes one setting, from the terminal until it can be right.
func (t *trial) setting(ctx context.Context, name string, given map[string]string) error {
	facts := t.driver.Spec().Facts
	setting := facts.Settings[name]
	text, ok := given[name]
	for {
		if !ok {
			t.tell.say("%s. %s", setting.Label.En, setting.Help.En)
			answer, err := t.keys.Ask(ctx, t.tell, "  "+name, setting.Secret)
			if errors.Is(err, shell.ErrNoInput) {
				return t.missing(name)
			}
			if err != nil {
				return err
			}
			text = answer
		}
		value, err := facts.ReadSetting(name, text)
		if err == nil && value == "" {
			err = &platform.BadSetting{Name: name, Why: "is empty"}
		}
		if err == nil {
			if setting.Secret {
				t.app.Secrets[name] = []gk.Secret{gk.NewSecret(value)}
			} else {
				t.app.Settings[name] = value
			}
			return nil
		}
		if ok {
			return shell.Misused(err)
		}
		t.tell.say("%v.", err)
	}
}

func (t *trial) missing(name string) error {
	if t.driver.Spec().Facts.Settings[name].Secret {
		return shell.Usage("%s is missing and there is no terminal to ask on: give --secret %s=FILE or --secret %s=env:VARIABLE", name, name, name)
	}
	return shell.Usage("%s is missing and there is no terminal to ask on: give --set %s=VALUE", name, name)
}

// redirect settles where the merchant comes back: the address registered in the platform's console, or one on loopback.
func (t *trial) redirect(ctx context.Context, given map[string]string) error {
	host, port, err := net.SplitHostPort(t.listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return shell.Usage("--listen must be a loopback address with a port, such as 127.0.0.1:7780")
	}
	text := given["redirect_uri"]
	if text == "" && t.sim == nil && t.keys.Terminal != nil {
		t.tell.say("Callback address, letter by letter as the console has it. Without one it is http://%s/callback here,\n"+
			"which the platform accepts only if it is registered too; most accept https addresses only.", t.listen)
		if text, err = t.keys.Ask(ctx, t.tell, "  redirect_uri (empty for this machine)", false); err != nil {
			return err
		}
	}
	if text == "" {
		if t.sim != nil {
			port = "0"
		}
		return t.listenOn(ctx, net.JoinHostPort(host, port), "/callback")
	}
	value, err := t.driver.Spec().Facts.ReadSetting("redirect_uri", text)
	if err != nil {
		return shell.Misused(err)
	}
	t.app.CallbackURL = value
	t.app.Settings["redirect_uri"] = value
	if u, err := url.Parse(value); err == nil && u.Scheme == "http" && u.Port() != "" {
		if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
			return t.listenOn(ctx, u.Host, u.EscapedPath())
		}
	}
	return nil // the browser ends elsewhere; its address is pasted
}

// shopOf reads the shop that the link is for; the platforms that need one are asked for it.
func (t *trial) shopOf(ctx context.Context) error {
	spec := t.driver.Spec()
	text := t.shop
	for {
		if text == "" && spec.Facts.ShopNeeded {
			answer, err := t.keys.Ask(ctx, t.tell, "  the shop, such as my-shop"+spec.Facts.ShopSuffix, false)
			if errors.Is(err, shell.ErrNoInput) {
				return shell.Usage("--shop is missing and there is no terminal to ask on: on this platform every shop has a host of its own, such as my-shop%s", spec.Facts.ShopSuffix)
			}
			if err != nil {
				return err
			}
			text = answer
			if text == "" {
				continue
			}
		}
		if text == "" {
			return nil
		}
		if !spec.Facts.ShopNeeded {
			t.subject = gk.Subject{Kind: spec.Facts.Subjects[0], ID: text}
			return nil
		}
		host, err := spec.ShopHost(text)
		if err == nil {
			t.subject = gk.Subject{Kind: spec.Facts.Subjects[0], Host: host}
			return nil
		}
		if t.shop != "" || t.keys.Terminal == nil {
			return shell.Usage("--shop: the %v", err)
		}
		t.tell.say("The %v.", err)
		text = ""
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none: this platform has no profiles"
	}
	return strings.Join(list, ", ")
}
