package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/sim"
)

type demoConfig struct {
	listen, data string
	logLevel     string
	controlPort  int
	json, unsafe bool
}

func demoCommand(s streams) *cobra.Command {
	var c demoConfig
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run the whole product in one process: server, simulated platforms, apps and shops to connect",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return demo(cmd.Context(), c, s)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.json, "json", false, "print one line of JSON when ready")
	f.StringVar(&c.listen, "listen", "127.0.0.1:8080", "address of the server, a loopback one; with port 0 the simulators' ports are free ones too")
	f.IntVar(&c.controlPort, "control-port", 7700, "port of the simulators' control calls; 0: any free one")
	f.StringVar(&c.data, "data", "", "directory to keep; without it nothing is kept")
	f.StringVar(&c.logLevel, "log-level", "warn", "debug, info, warn or error")
	f.BoolVar(&c.unsafe, "unsafe-listen", false, "allow an address that is not loopback; whoever reaches it can act as anybody")
	return cmd
}

// demonstration is the whole product in one process.
type demonstration struct {
	*installation
	keeper  *keeper.Keeper
	consent *consent.Flow
	gate    *outbound.Gate
	outlets *outbound.Gate // of webhooks and alarms
	sims    *sim.Running
	ready   readySims
	server  string
	console string // a link that logs its opener in
	key     gk.Secret
	apps    map[string]string // app id by platform

	mu       sync.Mutex
	happened console.Passed // on the way of the last move of the time
}

// readySims is the part of the simulators' ready line that setting up needs.
type readySims struct {
	Control   string `json:"control"`
	Platforms map[string]struct {
		Base  string           `json:"base"`
		Apps  []map[string]any `json:"apps"`
		Shops []demoShop       `json:"shops"`
	} `json:"platforms"`
}

func demo(ctx context.Context, c demoConfig, s streams) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	log, flush, err := newLog(s.err, c.logLevel)
	if err != nil {
		return err
	}
	defer flush()
	harden(log)
	dir := c.data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "grantkeep-demo-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // nothing is kept; what is left is empty of use
	}
	host, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		return usage("--listen takes HOST:PORT")
	}
	if ip := net.ParseIP(host); !c.unsafe && (ip == nil || !ip.IsLoopback()) {
		return usage("--listen must be a loopback address such as 127.0.0.1:8080: whoever reaches the demo can act as anybody")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; another address goes with --listen", c.listen, bare(err))
	}
	platforms, ports := all.Simulators()
	if port == "0" {
		ports = nil
	}
	d := &demonstration{server: "http://" + listener.Addr().String()}
	// The simulators outlive the server: what it is doing when it stops needs them.
	d.sims, err = sim.Start(context.WithoutCancel(ctx), sim.Options{Listen: host, AnyAddress: c.unsafe, ControlPort: c.controlPort, Ports: ports, Platforms: platforms})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = d.sims.Close() }() // ends with the process
	notes := io.Discard
	if c.data != "" {
		notes = s.err
	}
	if d.installation, err = openInstallation(ctx, dir, "", "", notes); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = d.store.Close() }() // what was begun has been waited for
	if err := d.prepare(ctx, dir, log); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer d.gate.Close()
	defer d.outlets.Close()
	if err := d.invite(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	f := faces{d.server, d.server, d.server}
	pushes := pushes.New(pushes.Options{Keeper: d.keeper, Store: d.store, PublicURL: d.server, Log: log})
	server := api.NewServer(d.pages(f.handler(d.keeper, d.consent, d.installation, pushes, d, log)), log)
	done := make(chan error, 1)
	go func() {
		done <- runServer(ctx, server, listener, d.keeper, pushes, d.news, d.uses, 330*time.Second, log)
	}()
	if err := d.announce(s, c.json); err != nil {
		stop()
		return errors.Join(err, <-done)
	}
	err = <-done
	return errors.Join(err, d.keepClock(dir, c.data != ""))
}

// prepare makes gate, keeper, key and apps, and ties the keeper to the simulators' clock.
func (d *demonstration) prepare(ctx context.Context, dir string, log *slog.Logger) error {
	line, err := json.Marshal(d.sims)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &d.ready); err != nil {
		return err
	}
	allowed := []string{hostOf(d.ready.Control)}
	for _, p := range all.Drivers() {
		base := d.ready.Platforms[p.Spec().Code].Base
		allowed = append(allowed, hostOf(base))
		for _, e := range p.Spec().Facts.Endpoints {
			for name := range e.Bases {
				if at := simulated(name, base); at != base {
					allowed = append(allowed, hostOf(at))
				}
			}
		}
	}
	ways := &outbound.Egress{Default: outbound.Way{Name: direct}}
	if ways.Echo, err = url.Parse(d.ready.Control + "/echo"); err != nil {
		return err
	}
	if d.gate, err = outbound.New(outbound.Options{Allow: allowed, UserAgent: "grantkeep/" + version, Egress: ways}); err != nil {
		return err
	}
	if _, err := d.store.SetMetaOnce(ctx, metaDemo, "true"); err != nil {
		return err
	}
	if err := d.restoreClock(ctx, dir); err != nil {
		return err
	}
	d.keeper, err = openKeeper(d.installation, d.gate, d.server, filepath.Join(dir, "spill"), allowed, d.sims.Clock.Now, log)
	if err != nil {
		return err
	}
	d.consent = consent.New(d.keeper)
	d.stopping = ctx.Done()
	if d.outlets, err = openNews(d.installation, d.keeper, []string{"127.0.0.1", "localhost", "[::1]"}, d.server, log); err != nil {
		return err
	}
	d.sims.Clock.Register(sim.Hook{
		Next: func(from, to time.Time) time.Time {
			next, err := d.keeper.NextDue(ctx)
			if err != nil || next.After(to) {
				return time.Time{}
			}
			return next
		},
		Pause:  d.keeper.Pause,
		Settle: func(ctx context.Context, _ time.Time) error { return d.keeper.Settle(ctx) },
	})
	key := api.NewKey()
	err = d.store.CreateKey(ctx, gk.Key{
		ID: gk.NewID("key", d.keeper.Now()), Hash: api.HashKey(key), Name: "demo", Scopes: gk.Scopes(), CreatedAt: d.keeper.Now(),
	})
	if err != nil {
		return err
	}
	d.key, d.apps = key, map[string]string{}
	for _, p := range all.Platforms() {
		if err := d.setUp(ctx, p.Driver); err != nil {
			return fmt.Errorf("demo app on %s: %w", p.Driver.Spec().Code, err)
		}
	}
	return nil
}

// metaDemo marks a database whose clock has been moved; `serve` refuses it.
const metaDemo = "demo"

// simulated is where a simulator stands for an endpoint. One for the calls of a region (api_sg) has a name of its own below
// localhost: which host is called is all that tells the region.
func simulated(name, base string) string {
	region, ok := strings.CutPrefix(name, "api_")
	u, err := url.Parse(base)
	if !ok || err != nil || u.Port() == "" {
		return base
	}
	return u.Scheme + "://" + region + ".localhost:" + u.Port()
}

// setUp makes our app of a simulated platform, or points the one of an earlier run at this run's simulator, and tells
// the simulator its addresses.
func (d *demonstration) setUp(ctx context.Context, driver platform.Driver) error {
	code := driver.Spec().Code
	box, ok := d.ready.Platforms[code]
	if !ok || len(box.Apps) == 0 {
		return nil
	}
	settings := map[string]string{}
	for name := range driver.Spec().Facts.Settings {
		if text, ok := box.Apps[0][name]; ok && name != "redirect_uri" && name != "push_url" {
			settings[name] = sim.Settings{name: text}.Text(name)
		}
	}
	endpoints := map[string]string{}
	for _, e := range driver.Spec().Facts.Endpoints {
		for name := range e.Bases {
			endpoints[name] = simulated(name, box.Base)
		}
	}
	old, err := d.store.Apps(ctx, gk.Engine(), "", 0)
	if err != nil {
		return err
	}
	var id string
	for _, a := range old {
		if a.Platform == code {
			id = a.ID
		}
	}
	if id != "" {
		_, err = d.keeper.Apps().Update(ctx, gk.Engine(), id, apps.Change{Settings: settings, Endpoints: endpoints})
	} else {
		var app gk.App
		app, err = d.keeper.Apps().Create(ctx, gk.Engine(), apps.Input{Platform: code, Name: "Demo ERP", Settings: settings, Endpoints: endpoints})
		id = app.ID
	}
	if err != nil {
		return err
	}
	d.apps[code] = id
	told := map[string]any{}
	for name, value := range box.Apps[0] {
		told[name] = value
	}
	told["redirect_uri"], told["push_url"], told["app_url"] = d.keeper.Apps().CallbackURL(id), d.keeper.Apps().PushURL(id), d.keeper.Apps().InstallURL(id)
	return d.control(ctx, "/"+code+"/apps", told)
}

// control makes one control call of the simulators.
func (d *demonstration) control(ctx context.Context, path string, in any) error {
	_, err := d.controlled(ctx, path, in)
	return err
}

// controlled is control with its answer.
func (d *demonstration) controlled(ctx context.Context, path string, in any) ([]byte, error) {
	return controlCall(ctx, d.gate, d.ready.Control+path, in)
}

// controlCall makes one control call of simulators and returns what it answers.
func controlCall(ctx context.Context, gate *outbound.Gate, address string, in any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	answer, err := gate.Send(ctx, req, outbound.Policy{Allow: func(string, string) bool { return true }})
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return nil, fmt.Errorf("control call %s answered %d: %s", req.URL.Path, answer.Status, answer.Body)
	}
	return answer.Body, nil
}

// clockFile holds the offset of the demo's clock.
const clockFile = "clock"

func (d *demonstration) restoreClock(ctx context.Context, dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, clockFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	offset, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("%s: is no duration; remove it to start at the real time", filepath.Join(dir, clockFile))
	}
	return d.sims.Clock.Advance(ctx, offset)
}

func (d *demonstration) keepClock(dir string, keep bool) error {
	if !keep {
		return nil
	}
	offset := time.Until(d.sims.Clock.Now()).Round(time.Second)
	return os.WriteFile(filepath.Join(dir, clockFile), []byte(offset.String()+"\n"), 0o600)
}

// announce says where everything is, and what a newcomer can do.
func (d *demonstration) announce(s streams, asJSON bool) error {
	if asJSON {
		line, err := json.Marshal(d.sims)
		if err != nil {
			return err
		}
		var sims map[string]json.RawMessage
		if err := json.Unmarshal(line, &sims); err != nil {
			return err
		}
		line, err = json.Marshal(map[string]any{
			"server": d.server, "key": d.key.Reveal(), "console": d.console, "control": d.ready.Control, "platforms": sims["platforms"], "apps": d.apps,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%s\n", line)
		return err
	}
	program := "grantkeep"
	if strings.Contains(os.Args[0], "go-build") {
		program = "go run ./cmd/grantkeep"
	}
	_, err := fmt.Fprintf(s.out, `Grantkeep demo. Everything runs in this process, the platforms are simulated, nothing is kept.

  1. Open the console, which this link logs you in to, make a link for a merchant and open it:
     you are the merchant; log in as one of the shops and agree.

       %s

  2. Read the token, in another terminal:

       export GRANTKEEP_SERVER=%s GRANTKEEP_KEY=%s
       %s grant list
       %s grant token GRANT

  3. Move the time on a year; whatever falls due on the way is done on the way:

       curl -s -H 'Content-Type: application/json' -d '{"advance":"8760h"}' %s/clock

  4. See the renewal: another token, another generation, one request for it.

       %s grant list
       curl -s %s/shoplazza/calls

  Ctrl-C ends the demo.
`, d.console, d.server, d.key.Reveal(), program, program, d.ready.Control, program, d.ready.Control)
	return err
}
