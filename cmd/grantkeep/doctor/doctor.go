// Package doctor looks at a server from outside and says what to do.
package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/keeper"
)

// Command makes the command doctor.
func Command(s shell.Streams) *cobra.Command {
	var asJSON, restored bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check server, database, keys, apps and the addresses that platforms reach, and say what to do",
		Long: "Check the server and its database, every app, and the addresses that merchants and platforms reach, as they are\n" +
			"seen from this machine: run it from outside the server's network to see what they see.\n\n" +
			"Each line is ok, failed (it says what to do), or manual (only a person can compare). The exit status is 1 if one\n" +
			"failed.",
		Example: "  GRANTKEEP_SERVER=https://grants.example.net GRANTKEEP_KEY=gk_… grantkeep doctor\n" +
			"  grantkeep doctor --json   (for a script)",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			checks, err := examineAll(cmd.Context(), c, restored)
			if err != nil {
				return err
			}
			return shell.ShowChecks(s, checks, asJSON)
		},
	}
	cmd.Flags().BoolVar(&restored, "restored", false, "let the renewals of apps go on that were stopped because the database looked like an old one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// examineAll runs every check there is. What cannot be asked is a check that failed, and the others go on.
func examineAll(ctx context.Context, c *client.Client, restored bool) ([]client.Check, error) {
	checks, reached := serverChecks(ctx, c)
	if !reached {
		return checks, nil
	}
	found, err := c.CheckUp(ctx)
	if err != nil {
		checks = append(checks, unasked("installation", err))
	}
	checks = append(checks, found...)
	all, err := c.Apps(ctx)
	if err != nil {
		return append(checks, unasked("apps", err)), nil
	}
	if len(all) == 0 {
		checks = append(checks, client.Check{Name: "apps", State: "manual", Detail: "there is none yet: grantkeep app add"})
	}
	frozen := false
	for _, a := range all {
		if restored && a.Fault != nil && a.Fault.Code == keeper.CodeRestored {
			if err := c.Call(ctx, http.MethodPatch, "/v1/apps/"+url.PathEscape(a.ID), nil, struct{}{}, nil); err != nil { // clears the stop
				return nil, err
			}
		}
		found, err := c.CheckApp(ctx, a.ID)
		if err != nil {
			found = []client.Check{unasked("check", err)}
			frozen = isFrozen(err)
		}
		for _, check := range found {
			if check.Name == "clock" && check.State == "ok" {
				continue // told once, of the installation
			}
			check.Name = a.Platform + " " + a.ID + " " + check.Name
			checks = append(checks, check)
		}
	}
	return append(checks, addressChecks(ctx, c, all, time.Now(), frozen)...), nil
}

// serverChecks asks whether the server answers and is ready.
func serverChecks(ctx context.Context, c *client.Client) (checks []client.Check, reached bool) {
	err := c.Call(ctx, http.MethodGet, "/readyz", nil, nil, nil)
	var p *client.Problem
	switch {
	case err == nil:
		return []client.Check{{Name: "server", State: "ok", Detail: "is ready"}}, true
	case errors.As(err, &p):
		return []client.Check{{Name: "server", State: "failed", Detail: "is not ready: it stops, its database is away, or a token pair waits to be stored; its log says which"}}, true
	}
	return []client.Check{{Name: "server", State: "failed", Detail: "cannot be reached (" + err.Error() + "): is it running, and does GRANTKEEP_SERVER name it?"}}, false
}

// unasked is the check of something that the server did not tell.
func unasked(name string, err error) client.Check {
	if isFrozen(err) {
		return client.Check{Name: name, State: "manual", Detail: "the server is frozen and asks no platform"}
	}
	return client.Check{Name: name, State: "failed", Detail: "could not be looked at: " + err.Error()}
}

// isFrozen reports whether a server refused something since it is frozen.
func isFrozen(err error) bool {
	var p *client.Problem
	return errors.As(err, &p) && p.Name() == "frozen"
}
