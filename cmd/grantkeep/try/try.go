// Package try runs one authorization from a terminal, without a server: for people who write an integration.
package try

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// tryOptions are the flags of `try`.
type tryOptions struct {
	environment, profile, stage string
	set, secrets, endpoints     []string
	shop, listen                string
	wait                        time.Duration
	simulate, byHand            bool
	reveal, json                bool
}

func Command(s shell.Streams) *cobra.Command {
	var o tryOptions
	cmd := &cobra.Command{
		Use:   "try PLATFORM",
		Short: "Get a first token step by step, without a server",
		Long: "Get a first token step by step, without a server: the settings, the link, the merchant's consent, the exchange\n" +
			"and what came, each explained. Nothing is stored. Settings that are not given are asked for on the terminal,\n" +
			"secrets unseen. The callback is awaited on loopback where the registered address is one; otherwise paste the\n" +
			"address that the browser ended on.",
		Example: "  grantkeep try shopee --simulate                     (the platform is simulated, nothing is needed)\n" +
			"  grantkeep try shopee --environment sandbox          (asks for what it needs)\n" +
			"  grantkeep try taobao --set app_key=12345678 --secret app_secret=env:APP_SECRET \\\n" +
			"    --set redirect_uri=https://erp.example.org/callback",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := explain.Find(all.Drivers(), args[0])
			if err != nil {
				return shell.Misused(err)
			}
			return try(cmd.Context(), d, o, s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.environment, "environment", gk.Production, "production or sandbox")
	f.StringVar(&o.profile, "profile", "", "kind of app on that platform; the default is its first")
	f.StringVar(&o.stage, "stage", "", "online (default) or testing")
	f.StringArrayVar(&o.set, "set", nil, "NAME=VALUE of a setting that is not secret, redirect_uri too (may be repeated)")
	f.StringArrayVar(&o.secrets, "secret", nil, "NAME=FILE or NAME=env:VARIABLE of a secret one (may be repeated)")
	f.StringArrayVar(&o.endpoints, "endpoint", nil, "NAME=scheme://host[:port] instead of the platform's (may be repeated)")
	f.StringVar(&o.shop, "shop", "", "the shop's host, where the platform needs one, else the shop expected")
	f.StringVar(&o.listen, "listen", "127.0.0.1:7780", "loopback address of the callback when no redirect_uri is given")
	f.DurationVar(&o.wait, "wait", 30*time.Minute, "how long to wait for the merchant")
	f.BoolVar(&o.simulate, "simulate", false, "run the platform's simulator in this process and act against it")
	f.BoolVar(&o.byHand, "by-hand", false, "with --simulate: you are the merchant, in your browser")
	f.BoolVar(&o.reveal, "reveal", false, "show secrets and tokens")
	f.BoolVar(&o.json, "json", false, "print what came as JSON; the steps go to standard error")
	return cmd
}

// trial is one guided authorization. It keeps nothing: what came lies in memory until the command ends.
type trial struct {
	tryOptions
	driver  platform.Driver
	app     platform.App
	subject gk.Subject // the shop that the link is for, where one is named
	state   string
	gate    *outbound.Gate
	sim     *trySimulator // nil: the real platform
	server  *http.Server  // where the merchant comes back; nil: the address is pasted
	arrived chan platform.Callback
	keys    *shell.Keyboard
	tell    *teller
}

// errNoCallback ends a trial whose merchant did not come back.
var errNoCallback = errors.New("no callback came: the merchant did not agree, or the platform sent the browser elsewhere; " +
	"open the link again and paste the address that the browser ends on")

func try(ctx context.Context, d platform.Driver, o tryOptions, s shell.Streams) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	steps := s.Out
	if o.json {
		steps = s.Err
	}
	if o.byHand && !o.simulate {
		return shell.Usage("--by-hand goes with --simulate")
	}
	t := &trial{
		tryOptions: o, driver: d, state: tryState(), arrived: make(chan platform.Callback, 1),
		keys: shell.NewKeyboard(s.In), tell: newTeller(steps, o.reveal),
	}
	if err := t.prepare(ctx); err != nil {
		return err
	}
	defer t.close()
	cb, err := t.authorize(ctx)
	if err != nil {
		return err
	}
	result, err := t.exchange(ctx, cb)
	if err != nil {
		return err
	}
	if o.json {
		if err := shell.PrintJSON(s.Out, result); err != nil {
			return err
		}
	}
	if len(result.Issued) == 0 {
		return shell.ErrFailed
	}
	return t.tell.err
}

// prepare collects the settings and makes the gate; with --simulate it starts the simulator and takes its app.
func (t *trial) prepare(ctx context.Context) error {
	facts := t.driver.Spec().Facts
	t.tell.step("The app", "%s, %s. These are the settings that the platform's console shows for the app.",
		facts.Names.En, t.environment)
	if t.simulate {
		sim, err := startTrySimulator(ctx, t.driver.Spec().Code)
		if err != nil {
			return err
		}
		t.sim = sim
	}
	allow, err := t.settings(ctx)
	if err != nil {
		t.close()
		return err
	}
	t.tell.app(t.open())
	t.gate, err = outbound.New(outbound.Options{Allow: allow, UserAgent: "grantkeep/" + shell.Version})
	if err != nil {
		t.close()
		return fmt.Errorf("--endpoint: %w", err)
	}
	return nil
}

func (t *trial) close() {
	if t.server != nil {
		_ = t.server.Close() // nobody is waited for any more
	}
	if t.gate != nil {
		t.gate.Close()
	}
	if t.sim != nil {
		_ = t.sim.running.Close() // it ends with the command
	}
}

// open returns the app at this moment.
func (t *trial) open() platform.App {
	t.app.Now, t.app.Nonce = time.Now().UTC(), tryNonce()
	return t.driver.Spec().Open(t.app)
}

func tryState() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand stops the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func tryNonce() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
