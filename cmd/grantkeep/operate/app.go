// Package operate has the commands that talk to a running server by its API, a small file per noun.
package operate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func AppCommand(s shell.Streams) *cobra.Command {
	return shell.Group("app", "Our applications on the platforms", appAdd(s), appList(s), appShow(s), appCheck(s), appUpdate(s), appCall(s),
		appSwitch(s, "stop", "Stop an application: no token of it is served, refreshed or used", "stopped"),
		appSwitch(s, "start", "Let a stopped application go on", "started"),
		appRemove(s))
}

func appAdd(s shell.Streams) *cobra.Command {
	var a client.App
	var set, secrets, endpoints []string
	var face faceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "add PLATFORM",
		Short: "Add an application",
		Example: "  grantkeep app add shoplazza --name 'ERP' --set client_id=AppId_1 --secret client_secret=-   (secret on standard input)\n" +
			"  grantkeep app add shoplazza --set client_id=AppId_1 --secret client_secret=env:CLIENT_SECRET",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			a.Platform = args[0]
			if a.Settings, err = appSettings(s, a.Platform, set, secrets); err != nil {
				return err
			}
			if a.Endpoints, err = appEndpoints(endpoints); err != nil {
				return err
			}
			vendor, sign, support, err := face.read()
			if err != nil {
				return err
			}
			for _, given := range []struct{ from, to *string }{{vendor, &a.Vendor}, {sign, &a.Sign}, {support, &a.Support}} {
				if given.from != nil {
					*given.to = *given.from
				}
			}
			made, err := c.CreateApp(cmd.Context(), a)
			if err != nil {
				return err
			}
			return showApp(s, made, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Name, "name", "", "name for people")
	face.add(f)
	f.StringVar(&a.Environment, "environment", "", "production (default) or sandbox")
	f.StringVar(&a.Profile, "profile", "", "kind of app on that platform")
	f.StringVar(&a.Stage, "stage", "", "online (default) or testing")
	f.StringArrayVar(&set, "set", nil, "NAME=VALUE of a setting that is not secret")
	f.StringArrayVar(&secrets, "secret", nil, "NAME=FILE, NAME=env:VARIABLE or NAME=- (standard input) of a secret one")
	f.StringArrayVar(&endpoints, "endpoint", nil, "NAME=scheme://host[:port] instead of the platform's")
	f.StringArrayVar(&a.ReturnOrigins, "return-origin", nil, "https://host where return_to may lead")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func appList(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List the applications", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			apps, err := c.Apps(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, apps)
			}
			rows := make([][]string, 0, len(apps))
			for _, a := range apps {
				state := "ok"
				if a.Fault != nil {
					state = a.Fault.Code
				}
				rows = append(rows, []string{a.ID, a.Platform, a.Environment, a.Profile, a.Name, state})
			}
			shell.PrintTable(s.Out, []string{"App", "Platform", "Environment", "Profile", "Name", "State"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func appShow(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show APP", Short: "Show an application and the addresses to register in the platform's console", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			a, err := c.App(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return showApp(s, a, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func showApp(s shell.Streams, a client.App, asJSON bool) error {
	if asJSON {
		return shell.PrintJSON(s.Out, a)
	}
	rows := [][]string{{"app", a.ID}, {"platform", a.Platform}, {"environment", a.Environment}, {"name", a.Name}}
	for _, name := range slices.Sorted(maps.Keys(a.Settings)) {
		rows = append(rows, []string{name, a.Settings[name]})
	}
	for _, r := range [][]string{{"vendor", a.Vendor}, {"sign", a.Sign}, {"support", a.Support}} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	rows = append(rows, []string{"callback address", a.Callback}, []string{"push address", a.Push})
	if a.Install != "" {
		rows = append(rows, []string{"app address", a.Install})
	}
	shell.PrintTable(s.Out, []string{"What", "Value"}, rows)
	return nil
}

func appCheck(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check APP", Short: "Look whether an application can work, and say what to do", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			checks, err := c.CheckApp(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return shell.ShowChecks(s, checks, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func appRemove(s shell.Streams) *cobra.Command {
	var asJSON, yes bool
	cmd := &cobra.Command{
		Use: "remove APP", Short: "Remove an application whose grants are revoked", Args: cobra.ExactArgs(1),
		Long: "Removes an application with its secrets, its links and its revoked grants. It is refused while the application has grants that\n" +
			"are not revoked. On a terminal the application's name has to be typed.",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			if err := sureToRemove(cmd.Context(), c, s, yes, args[0]); err != nil {
				return err
			}
			if err := c.DeleteApp(cmd.Context(), args[0]); err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, map[string]string{"removed": args[0]})
			}
			_, err = fmt.Fprintln(s.Out, "removed", args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// mostGoneCounted is how many revoked grants a question counts.
const mostGoneCounted = 200

// sureToRemove tells a person on a terminal what goes with an app, and has its name typed.
func sureToRemove(ctx context.Context, c *client.Client, s shell.Streams, yes bool, id string) error {
	if yes || !asks(s) {
		return nil
	}
	a, err := c.App(ctx, id)
	if err != nil {
		return err
	}
	var page struct {
		Items []client.Grant `json:"items"`
		Next  string         `json:"next"`
	}
	query := url.Values{"app": {id}, "state": {"revoked"}, "limit": {strconv.Itoa(mostGoneCounted)}}
	if err := c.Call(ctx, http.MethodGet, "/v1/grants", query, nil, &page); err != nil {
		return err
	}
	gone := strconv.Itoa(len(page.Items))
	if page.Next != "" {
		gone = "more than " + gone
	}
	name := cmp.Or(a.Name, a.ID)
	return sureOf(ctx, s, fmt.Sprintf("Removes %s (%s, %s) with its secrets, its links and %s revoked grants; nothing brings them back.\nType its name, %s, to go on",
		strings.Map(shell.Printable, name), a.Platform, a.ID, gone, strings.Map(shell.Printable, name)), name)
}

// appSwitch is stop or start.
func appSwitch(s shell.Streams, do, short, done string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: do + " APP", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			if err := c.Call(cmd.Context(), http.MethodPost, "/v1/apps/"+url.PathEscape(args[0])+"/"+do, nil, nil, nil); err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, map[string]string{done: args[0]})
			}
			_, err = fmt.Fprintln(s.Out, done, args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
