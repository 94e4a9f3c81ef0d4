// Package demo is the whole product in one process, with the platforms in a box and a clock that can be moved.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/apps"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/serve"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/simulate"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/console/frame"
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

func Command(s shell.Streams) *cobra.Command {
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

// Demonstration is the whole product in one process.
type Demonstration struct {
	*serve.Installation
	Keeper  *keeper.Keeper
	Consent *consent.Flow
	Gate    *outbound.Gate
	Outlets *outbound.Gate // of webhooks and alarms
	Sims    *sim.Running
	Ready   simulate.Ready
	Server  string
	console string // a link that logs its opener in
	Key     gk.Secret
	Apps    map[string]string // app id by platform

	mu       sync.Mutex
	happened frame.Passed // on the way of the last move of the time
}

func demo(ctx context.Context, c demoConfig, s shell.Streams) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	log, flush, err := serve.NewLog(s.Err, c.logLevel)
	if err != nil {
		return err
	}
	defer flush()
	serve.Harden(log)
	dir := c.data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "grantkeep-demo-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // nothing is kept; what is left is empty of use
	}
	host, port, err := net.SplitHostPort(c.listen)
	if err != nil {
		return shell.Usage("--listen takes HOST:PORT")
	}
	if ip := net.ParseIP(host); !c.unsafe && (ip == nil || !ip.IsLoopback()) {
		return shell.Usage("--listen must be a loopback address such as 127.0.0.1:8080: whoever reaches the demo can act as anybody")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return fmt.Errorf("cannot listen on %s: %w; another address goes with --listen", c.listen, shell.Bare(err))
	}
	platforms, ports := all.Simulators()
	if port == "0" {
		ports = nil
	}
	d := &Demonstration{Server: "http://" + listener.Addr().String()}
	// The simulators outlive the server: what it is doing when it stops needs them.
	d.Sims, err = sim.Start(context.WithoutCancel(ctx), sim.Options{Listen: host, AnyAddress: c.unsafe, ControlPort: c.controlPort, Ports: ports, Platforms: platforms})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = d.Sims.Close() }() // ends with the process
	if c.data == "" {
		d.Installation, err = serve.OpenPassing(ctx, dir, io.Discard)
	} else {
		d.Installation, err = serve.Open(ctx, dir, "", "", s.Err)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { _ = d.Store.Close() }() // what was begun has been waited for
	if err := d.Prepare(ctx, dir, log); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer d.Gate.Close()
	defer d.Outlets.Close()
	if err := d.Invite(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	pushes := pushes.New(pushes.Options{Keeper: d.Keeper, Store: d.Store, PublicURL: d.Server, Log: log})
	d.Keeper.AttendApps(d.onTheWay(pushes.Turn))
	server := door.NewServer(d.Pages(d.faces().Handler(d.Keeper, d.Consent, d.Installation, pushes, d, log)), log)
	done := make(chan error, 1)
	go func() {
		done <- serve.Run(ctx, server, listener, d.Keeper, pushes, d.News, d.Uses, 330*time.Second, log)
	}()
	if err := d.announce(s, c.json); err != nil {
		stop()
		return errors.Join(err, <-done)
	}
	err = <-done
	return errors.Join(err, d.keepClock(dir, c.data != ""))
}

// faces are all at the one address of the demo.
func (d *Demonstration) faces() serve.Faces {
	return serve.Faces{Public: d.Server, API: d.Server, Console: d.Server}
}

// Prepare makes gate, keeper, key and apps, and ties the keeper to the simulators' clock.
func (d *Demonstration) Prepare(ctx context.Context, dir string, log *slog.Logger) error {
	line, err := json.Marshal(d.Sims)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(line, &d.Ready); err != nil {
		return err
	}
	allowed := d.hosts()
	ways := &outbound.Egress{Default: outbound.Way{Name: outbound.Direct}}
	if ways.Echo, err = url.Parse(d.Ready.Control + "/echo"); err != nil {
		return err
	}
	if d.Gate, err = outbound.New(outbound.Options{Allow: allowed, UserAgent: "grantkeep/" + shell.Version, Egress: ways}); err != nil {
		return err
	}
	if _, err := d.Store.SetMetaOnce(ctx, serve.DemoMark, "true"); err != nil {
		return err
	}
	if err := d.restoreClock(ctx, dir); err != nil {
		return err
	}
	d.Keeper, err = serve.OpenKeeper(d.Installation, d.Gate, d.Server, filepath.Join(dir, "spill"), allowed, d.Sims.Clock.Now, log)
	if err != nil {
		return err
	}
	d.Consent = consent.New(d.Keeper)
	d.Stopping = ctx.Done()
	if d.Outlets, err = serve.OpenNews(d.Installation, d.Keeper, []string{"127.0.0.1", "localhost", "[::1]"}, d.faces(), log); err != nil {
		return err
	}
	d.Sims.Clock.Register(sim.Hook{
		Next: func(from, to time.Time) time.Time {
			next, err := d.Keeper.NextDue(ctx)
			if err != nil || next.After(to) {
				return time.Time{}
			}
			return next
		},
		Pause:  d.Keeper.Pause,
		Settle: func(ctx context.Context, _ time.Time) error { return d.Keeper.Settle(ctx) },
	})
	key := door.NewKey()
	err = d.Store.CreateKey(ctx, gk.Key{
		ID: gk.NewID("key", d.Keeper.Now()), Hash: door.HashKey(key), Name: "demo", Scopes: gk.Scopes(), CreatedAt: d.Keeper.Now(),
	})
	if err != nil {
		return err
	}
	d.Key, d.Apps = key, map[string]string{}
	for _, p := range all.Platforms() {
		if err := d.setUp(ctx, p.Driver); err != nil {
			return fmt.Errorf("demo app on %s: %w", p.Driver.Spec().Code, err)
		}
	}
	return nil
}

// hosts are the addresses of the simulators, which are the only ones that a demo asks.
func (d *Demonstration) hosts() []string {
	hosts := []string{shell.Host(d.Ready.Control)}
	for _, p := range all.Drivers() {
		base := d.Ready.Platforms[p.Spec().Code].Base
		hosts = append(hosts, shell.Host(base))
		for _, e := range p.Spec().Facts.Endpoints {
			for name := range e.Bases {
				if at := simulated(name, base); at != base {
					hosts = append(hosts, shell.Host(at))
				}
			}
		}
	}
	return hosts
}

// pullsOnTheWay is how far apart an app's messages are pulled while the clock is on its way.
const pullsOnTheWay = 24 * time.Hour

// onTheWay spares an app most of its turns while the clock moves by months: each stop would pull its messages, which are due every
// minute, and a year has thousands of stops. The last stop of a way is none on the way: there every app has its turn.
func (d *Demonstration) onTheWay(turn func(context.Context, gk.App) error) func(context.Context, gk.App) error {
	return func(ctx context.Context, app gk.App) error {
		clock := d.Sims.Clock.State()
		compares := apps.Moment(&app, apps.CursorNextCensus)
		waits := clock.Now.Before(app.DueAt.Add(pullsOnTheWay)) && (compares.IsZero() || clock.Now.Before(compares))
		if clock.Target.After(clock.Now) && waits {
			return nil
		}
		return turn(ctx, app)
	}
}

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
func (d *Demonstration) setUp(ctx context.Context, driver platform.Driver) error {
	code := driver.Spec().Code
	box, ok := d.Ready.Platforms[code]
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
	old, err := d.Store.Apps(ctx, gk.Engine(), "", 0)
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
		_, err = d.Keeper.Apps().Update(ctx, gk.Engine(), id, apps.Change{Settings: settings, Endpoints: endpoints})
	} else {
		var app gk.App
		app, err = d.Keeper.Apps().Create(ctx, gk.Engine(), apps.Input{Platform: code, Name: demoName, Settings: settings, Endpoints: endpoints})
		id = app.ID
	}
	if err != nil {
		return err
	}
	d.Apps[code] = id
	told := map[string]any{}
	for name, value := range box.Apps[0] {
		told[name] = value
	}
	told["name"] = demoName
	told["redirect_uri"], told["push_url"], told["app_url"] = d.Keeper.Apps().CallbackURL(id), d.Keeper.Apps().PushURL(id), d.Keeper.Apps().InstallURL(id)
	return d.control(ctx, "/"+code+"/apps", told)
}

// demoName is what the apps of the demo are called.
const demoName = "Demo ERP"

// control makes one control call of the simulators.
func (d *Demonstration) control(ctx context.Context, path string, in any) error {
	_, err := d.controlled(ctx, path, in)
	return err
}

// controlled is control with its answer.
func (d *Demonstration) controlled(ctx context.Context, path string, in any) ([]byte, error) {
	return simulate.Control(ctx, d.Gate, d.Ready.Control+path, in)
}

// clockFile holds the offset of the demo's clock.
const clockFile = "clock"

func (d *Demonstration) restoreClock(ctx context.Context, dir string) error {
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
	return d.Sims.Clock.Advance(ctx, offset)
}

func (d *Demonstration) keepClock(dir string, keep bool) error {
	if !keep {
		return nil
	}
	offset := time.Until(d.Sims.Clock.Now()).Round(time.Second)
	return os.WriteFile(filepath.Join(dir, clockFile), []byte(offset.String()+"\n"), 0o600)
}

// announce says where everything is, and what a newcomer can do.
func (d *Demonstration) announce(s shell.Streams, asJSON bool) error {
	if asJSON {
		line, err := json.Marshal(d.Sims)
		if err != nil {
			return err
		}
		var sims map[string]json.RawMessage
		if err := json.Unmarshal(line, &sims); err != nil {
			return err
		}
		line, err = json.Marshal(map[string]any{
			"server": d.Server, "key": d.Key.Reveal(), "console": d.console, "control": d.Ready.Control, "platforms": sims["platforms"], "apps": d.Apps,
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.Out, "%s\n", line)
		return err
	}
	program := "grantkeep"
	if strings.Contains(os.Args[0], "go-build") {
		program = "go run ./cmd/grantkeep"
	}
	_, err := fmt.Fprintf(s.Out, `Grantkeep demo. Everything runs in this process, the platforms are simulated, nothing is kept.

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
`, d.console, d.Server, d.Key.Reveal(), program, program, d.Ready.Control, program, d.Ready.Control)
	return err
}
