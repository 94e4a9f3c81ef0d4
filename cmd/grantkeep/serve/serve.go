// Package serve is the server as a process: its settings and keys, the installation it opens, its faces, its end; and the
// commands that work on its files while it does not run.
package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/sync/errgroup"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/api/door"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/consent"
	"github.com/grantkeep/grantkeep/keeper"
	"github.com/grantkeep/grantkeep/notify"
	"github.com/grantkeep/grantkeep/outbound"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/pushes"
	"github.com/grantkeep/grantkeep/store"
)

// serveConfig is what a server is told at its start; nothing that arrives later changes it.
type serveConfig struct {
	listen, publicURL, apiURL, consoleURL string
	metricsListen                         string
	data, database, masterKey             string
	allowEndpoint, allowWebhook           []string
	drain, keepEvents                     time.Duration
	logLevel                              string
	unsafeListen, frozen                  bool
	operations                            string
	migrate, egress, oidc                 string
}

func Command(s shell.Streams) *cobra.Command {
	var c serveConfig
	var configFile string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server, on SQLite under --data or on PostgreSQL with any number of instances",
		Long: "Run the server.\n\nThe first line of standard output holds its address when it can answer. Settings may stand in a TOML\n" +
			"file named by --config and in the environment (GRANTKEEP_PUBLIC_URL for --public-url, and so on); the\n" +
			"environment goes before the file, flags go before both.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := settings(cmd.Flags(), configFile); err != nil {
				return err
			}
			return serve(cmd.Context(), c, s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.listen, "listen", "127.0.0.1:8080", "address to listen on")
	f.StringVar(&c.publicURL, "public-url", "", "address of the merchants' pages and of the platforms' messages; default: the one it listens on, then loopback only")
	f.StringVar(&c.apiURL, "api-url", "", "address of the API; default: --public-url")
	f.StringVar(&c.consoleURL, "console-url", "", "address of the console; default: --public-url")
	f.StringVar(&c.data, "data", "./data", "directory of the SQLite database, its master key and the spill file")
	f.StringVar(&c.database, "database", "", "postgres://… instead of SQLite; may also stand in GRANTKEEP_DATABASE")
	f.StringVar(&c.masterKey, "master-key", "", "the master key: FILE of mode 0600, env:NAME, or exec:COMMAND (split at blanks, no shell) that prints it; one line, standard base64 of 32 random bytes")
	f.StringArrayVar(&c.allowEndpoint, "allow-endpoint", nil, "HOST[:PORT] that apps may point at although it is not the platform's; plain http only there (may be repeated)")
	f.StringArrayVar(&c.allowWebhook, "allow-webhook", nil, "HOST[:PORT] to which webhooks and alarms may go although its address is not public; plain http only there (may be repeated)")
	f.BoolVar(&c.frozen, "frozen", false, "reads only, for a copy beside the original: nothing is changed, and nothing leaves for a platform, a webhook or an alarm")
	f.BoolVar(&c.unsafeListen, "unsafe-listen", false, "listen beyond loopback although an address of the server is on loopback: everybody on the network can then speak to it in plain http")
	f.StringVar(&c.metricsListen, "metrics-listen", "", "address that serves /metrics alone, without a key; default: none, a key with the scope read gets it from the API")
	f.StringVar(&c.operations, "operations", "", "TOML file that adds to the platforms' lists of operations: a table per platform, prefix = grant, app or never")
	f.StringVar(&c.egress, "egress", "", "TOML file that names a proxy per app or owner, and an echo that tells the address which platforms see")
	f.StringVar(&c.oidc, "oidc", "", "TOML file that names an identity provider (OpenID Connect) by which people log in to the console, and the role of each of its groups")
	f.StringVar(&c.migrate, "migrate", migrateAuto, "auto brings the database's schema up to date; check changes nothing and names what is missing")
	f.DurationVar(&c.drain, "drain", 330*time.Second, "how long to finish what is under way after SIGTERM")
	f.DurationVar(&c.keepEvents, "keep-events", 90*24*time.Hour, "how long events and histories are kept, a day at least")
	f.StringVar(&c.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&configFile, "config", "", "TOML file with the same settings")
	return cmd
}

// settings fills the flags that were not given from the environment, then from a file. A setting that no flag has is an error.
func settings(flags *pflag.FlagSet, path string) error {
	k := koanf.New(".")
	if path != "" {
		if err := k.Load(file.Provider(path), toml.Parser()); err != nil {
			return shell.Usage("--config %s: %v", path, err)
		}
		for _, name := range k.Keys() {
			if flags.Lookup(name) == nil || name == "config" {
				return shell.Usage("--config %s: %q is no setting; see grantkeep serve --help", path, name)
			}
		}
	}
	if err := knownEnvironment(flags, os.Environ()); err != nil {
		return err
	}
	err := k.Load(env.Provider(".", env.Opt{Prefix: "GRANTKEEP_", TransformFunc: func(name, value string) (string, any) {
		name = strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "GRANTKEEP_")), "_", "-")
		if flags.Lookup(name) == nil || name == "config" || value == "" {
			return "", nil
		}
		return name, value
	}}), nil)
	if err != nil {
		return err
	}
	var errs []error
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed || !k.Exists(f.Name) {
			return
		}
		values := k.Strings(f.Name)
		if len(values) == 0 {
			values = []string{k.String(f.Name)}
		}
		for _, v := range values {
			if err := f.Value.Set(v); err != nil {
				errs = append(errs, shell.Usage("setting %s: %v", f.Name, err))
			}
		}
	})
	return errors.Join(errs...)
}

// foreignNames are names that begin as ours and are not: Kubernetes tells every pod where the service grantkeep is, and
// the other commands and the tests have names of their own.
var foreignNames = regexp.MustCompile(`^(SERVER|KEY|ADMIN_KEY|CONFIG|TEST_.*|SERVICE_HOST|SERVICE_PORT.*|PORT|PORT_[0-9]+_.*)$`)

// knownEnvironment refuses a name in the environment that no setting has: most likely it is a misspelt one, and what it
// was meant to say would be passed over in silence.
func knownEnvironment(flags *pflag.FlagSet, environment []string) error {
	var names []string
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, strings.ReplaceAll(strings.ToUpper(f.Name), "-", "_")) })
	for _, pair := range environment {
		full, value, _ := strings.Cut(pair, "=")
		name, ours := strings.CutPrefix(full, "GRANTKEEP_")
		if !ours || value == "" || slices.Contains(names, name) || foreignNames.MatchString(name) {
			continue
		}
		return shell.Usage("environment: %s is no setting%s; grantkeep serve --help lists them", full, shell.Meant(name, names, "GRANTKEEP_"))
	}
	return nil
}

var errBadAdminKey = errors.New("GRANTKEEP_ADMIN_KEY must begin with gk_ and have at least 32 characters")

// notes are remarks for the operator: lines for a person at a terminal, else lines of the log like all others.
type notes struct {
	err io.Writer
	log *slog.Logger
}

// Write writes one remark.
func (n notes) Write(p []byte) (int, error) {
	if f, ok := n.err.(*os.File); ok && shell.IsTerminal(f) {
		return n.err.Write(p)
	}
	n.log.Warn(strings.TrimSpace(string(p)))
	return len(p), nil
}

// serve runs the server until ctx ends, then finishes what is under way.
// bind opens the address that is served, and settles which addresses are told to others.
func (c *serveConfig) bind(ctx context.Context) (net.Listener, error) {
	if c.keepEvents < 24*time.Hour {
		return nil, shell.Usage("--keep-events takes a day (24h) at least")
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.listen)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w; another address goes with --listen", c.listen, shell.Bare(err))
	}
	if err := c.addresses(listener.Addr().String()); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// watch compares the database with what stands beside it, once before a reader has something refreshed and then until it is
// stopped. A frozen server compares nothing, since it writes nothing.
func (c *serveConfig) watch(ctx context.Context, in *Installation, k *keeper.Keeper) (stop func(), err error) {
	if c.frozen {
		return func() {}, nil
	}
	if err := k.NoteRestored(ctx); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(ctx)
	go in.witness.run(watching)
	return stop, nil
}

func serve(ctx context.Context, c serveConfig, s shell.Streams) error {
	log, flush, err := NewLog(s.Err, c.logLevel)
	if err != nil {
		return err
	}
	defer flush()
	Harden(log)
	listener, err := c.bind(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the server closes it first
	drivers, err := withOperations(c.operations)
	if err != nil {
		return shell.Misused(err)
	}
	staff, asks, err := openProvider(c.oidc, c.consoleURL)
	if err != nil {
		return shell.Misused(err)
	}
	defer asks.Close()
	gate, err := c.openGate()
	if err != nil {
		return shell.Misused(err)
	}
	defer gate.Close()
	if err := awaitDatabase(ctx, c.database, listener, log); err != nil {
		return unlessEnded(ctx, err)
	}
	in, err := c.open(ctx, drivers, s, log)
	if in != nil {
		defer func() { _ = in.Store.Close() }() // what was begun has been waited for
	}
	if err != nil {
		return err
	}
	in.staff = staff
	told, endTraces, err := traces(ctx, in.by, log)
	if err != nil {
		return err
	}
	defer endTraces()
	in.traces = told
	k, err := OpenKeeper(in, gate, c.publicURL, filepath.Join(c.data, "spill"), c.allowEndpoint, nil, log)
	if err != nil {
		return err
	}
	unwatch, err := c.watch(ctx, in, k)
	if err != nil {
		return err
	}
	defer unwatch()
	faces := Faces{Public: c.publicURL, API: c.apiURL, Console: c.consoleURL}
	outlets, err := OpenNews(in, k, c.allowWebhook, faces, log)
	if err != nil {
		return shell.Usage("--allow-webhook: %v", err)
	}
	defer outlets.Close()
	if c.frozen {
		log.Warn("frozen: reads only; nothing is renewed, nothing leaves for a platform, a webhook or an alarm")
	}
	pushes := pushes.New(pushes.Options{Keeper: k, Store: in.Store, PublicURL: c.publicURL, Log: log})
	if err := c.invite(ctx, in, s, log); err != nil {
		return err
	}
	in.metrics = prometheus.NewRegistry()
	poolGauges(in.metrics, in.Store)
	server := door.NewServer(faces.Handler(k, consent.New(k), in, pushes, nil, log), log)
	stop, err := serveMetrics(ctx, c.metricsListen, in.metrics, log)
	if err != nil {
		return err
	}
	defer stop()
	if _, err := fmt.Fprintf(s.Out, "grantkeep listens on http://%s\n", listener.Addr()); err != nil {
		return err
	}
	resting, woken := context.WithCancel(ctx)
	defer woken()
	go rest(resting, in.Store, log)
	log.Info("ready", "database", in.Store.Name(), "public_url", c.publicURL, "instance_data", c.data)
	return Run(ctx, server, listener, k, pushes, in.News, in.Uses, c.drain, log)
}

// unlessEnded drops an error of a server that was told to end before anything had begun.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil //nolint:nilerr // nobody waits for a server that has begun nothing
	}
	return err
}

// invite lets the first person log in to the console. A frozen server writes nothing, and so invites nobody.
func (c *serveConfig) invite(ctx context.Context, in *Installation, s shell.Streams, log *slog.Logger) error {
	if c.frozen {
		return nil
	}
	return firstLogin(ctx, in.Store, c.consoleURL, c.data, s, log)
}

// openGate opens the way out, by the proxies that were named.
func (c serveConfig) openGate() (*outbound.Gate, error) {
	ways, err := readEgress(c.egress)
	if err != nil {
		return nil, err
	}
	return outbound.New(outbound.Options{Allow: c.allowEndpoint, UserAgent: "grantkeep/" + shell.Version, Frozen: c.frozen, Egress: ways})
}

// open opens the database and the keys, and makes them where they are missing. It returns the installation with its error
// too, once the database is open.
func (c serveConfig) open(ctx context.Context, drivers []platform.Driver, s shell.Streams, log *slog.Logger) (*Installation, error) {
	if given := os.Getenv("GRANTKEEP_ADMIN_KEY"); given != "" && !door.ValidKey(gk.NewSecret(given)) {
		return nil, errBadAdminKey // before anything is made: an empty database would keep its master key
	}
	if err := os.MkdirAll(c.data, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	if err := maySetUp(ctx, c.migrate, c.data, c.database); err != nil {
		return nil, err
	}
	in, err := Open(ctx, c.data, c.database, c.masterKey, notes{s.Err, log})
	if err != nil {
		return nil, err
	}
	if _, err := in.Store.Meta(ctx, DemoMark); !errors.Is(err, store.ErrNotFound) {
		return in, errors.Join(err, errors.New("this database was made by the demo, whose clock has been moved and whose platforms are simulated; give serve a directory of its own"))
	}
	in.drivers = drivers
	if err := firstKey(ctx, in, c.data, s, log); err != nil {
		return in, err
	}
	in.frozen, in.Stopping = c.frozen, ctx.Done()
	in.Store.KeepEvents(c.keepEvents)
	if err := in.announce(ctx, c.data); err != nil || c.frozen {
		return in, err
	}
	in.witness, err = openWitness(ctx, in, c.data, log)
	return in, err
}

// lastUses is how long a process that stops waits for the database to take the last uses of tokens.
const lastUses = 5 * time.Second

// Run serves until ctx ends. Then it stops claiming and accepting, and waits for what is under way.
func Run(ctx context.Context, server *http.Server, listener net.Listener, k *keeper.Keeper, pushes *pushes.Pushes, news *notify.News,
	uses *door.Uses, drain time.Duration, log *slog.Logger,
) error {
	outer := ctx
	g, ctx := errgroup.WithContext(ctx)
	if !k.Frozen() {
		g.Go(func() error { return pushes.Run(ctx) })
		g.Go(func() error { return news.Run(ctx) })
		g.Go(func() error { return uses.Run(ctx) })
	}
	g.Go(func() error {
		if err := server.Serve(door.LimitConnections(listener)); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		log.Info("stopping; what is under way is finished first")
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
		defer cancel()
		return server.Shutdown(end)
	})
	g.Go(func() error {
		done := make(chan error, 1)
		go func() { done <- k.Run(ctx) }()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
		}
		select {
		case err := <-done:
			return err
		case <-time.After(drain):
			return errors.New("renewals are still under way; their grants will be in doubt until the platform is asked again")
		}
	})
	err := g.Wait()
	if k.Frozen() {
		return err
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(outer), lastUses)
	defer cancel()
	if err := uses.Flush(end); err != nil {
		log.Error("the last uses of tokens are missing in the audit", "error", err)
	}
	return err
}

// addresses completes and checks the public addresses.
func (c *serveConfig) addresses(listening string) error {
	host, _, err := net.SplitHostPort(listening)
	if err != nil {
		return err
	}
	if c.publicURL == "" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return shell.Usage("--public-url is needed: the address under which merchants and platforms reach this server (only a server on loopback can do without)")
		}
		c.publicURL = "http://" + listening
	}
	for _, face := range []struct {
		flag  string
		value *string
	}{{"--public-url", &c.publicURL}, {"--api-url", &c.apiURL}, {"--console-url", &c.consoleURL}} {
		if *face.value == "" {
			*face.value = c.publicURL
		}
		*face.value = strings.TrimSuffix(*face.value, "/")
		if err := c.checkFace(face.flag, *face.value, host); err != nil {
			return err
		}
	}
	return nil
}

// checkFace refuses an address at which nobody could be served, or would be in plain http; host is where this server listens.
func (c *serveConfig) checkFace(flag, address, host string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return shell.Usage("%s must be scheme://host[:port]", flag)
	}
	loopback := slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
	if u.Scheme == "http" && !loopback {
		return shell.Usage("%s must be https unless it is on loopback", flag)
	}
	if ip := net.ParseIP(host); loopback && (ip == nil || !ip.IsLoopback()) && !c.unsafeListen {
		return shell.Usage("--listen %s is reached from the network, and %s is on loopback: whoever sends Host: %s would be answered in plain http. "+
			"Give %s the https address by which this server is reached, listen on loopback, or pass --unsafe-listen", c.listen, flag, u.Hostname(), flag)
	}
	return nil
}

// firstKey gives an empty database an API key that may do everything: the one that the operator chose, or one that is
// shown once, on a terminal, else in a file. The file is written before the key is stored: a key that nobody knows would
// lock everybody out.
func firstKey(ctx context.Context, in *Installation, data string, s shell.Streams, log *slog.Logger) error {
	keys, err := in.Store.Keys(ctx)
	if err != nil || len(keys) > 0 {
		return err
	}
	if given := os.Getenv("GRANTKEEP_ADMIN_KEY"); given != "" {
		return addFirstKey(ctx, in.Store, gk.NewSecret(given))
	}
	key := door.NewKey()
	if f, ok := s.Err.(*os.File); ok && shell.IsTerminal(f) {
		if err := addFirstKey(ctx, in.Store, key); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.Err, "the first API key, shown this once: %s\n", key.Reveal())
		return err
	}
	path := filepath.Join(data, "admin.key")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return fmt.Errorf("the first API key cannot be written: %w; if that file is of an earlier database, move it away", err)
	}
	_, err = f.WriteString(key.Reveal() + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := addFirstKey(ctx, in.Store, key); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	log.Warn("the first API key is in " + path + "; move it to where secrets are kept")
	return nil
}

// Harden makes the process keep its memory to itself: no core dump, no reading by others. What the system refuses is
// said and no reason to stop. The standard logger is silenced, since net/http writes to it what a platform sent beyond
// its answer.
func Harden(log *slog.Logger) {
	stdlog.SetOutput(io.Discard)
	syscall.Umask(0o077)
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		log.Warn("core dumps could not be switched off", "error", err)
	}
	if err := undumpable(); err != nil {
		log.Warn("the process could not be made undumpable", "error", err)
	}
}
