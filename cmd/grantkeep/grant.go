package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
)

func grantCommand(s streams) *cobra.Command {
	return group("grant", "The grants", grantList(s), grantShow(s), grantToken(s), grantRefresh(s), grantCall(s), grantRevoke(s), grantImport(s), grantExport(s))
}

func grantList(s streams) *cobra.Command {
	var asJSON bool
	filter := map[string]*string{}
	cmd := &cobra.Command{
		Use: "list", Short: "List the grants", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range filter {
				if *value != "" {
					query.Set(name, *value)
				}
			}
			grants, err := c.Grants(cmd.Context(), query)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, grants)
			}
			rows := make([][]string, 0, len(grants))
			for _, g := range grants {
				rows = append(rows, []string{g.ID, g.Platform, name(g), g.Owner, g.State, note(g), when(g.ExpiresAt), when(g.NextAt)})
			}
			printTable(s.out, []string{"Grant", "Platform", "Subject", "Owner", "State", "Note", "Ends", "Next"}, rows)
			return nil
		},
	}
	for _, f := range []struct{ flag, query, help string }{
		{"platform", "platform", "only this platform"}, {"app", "app", "only this app"}, {"owner", "owner", "only this owner"},
		{"state", "state", "active, held, suspended, expired or revoked"}, {"expires-before", "expires_before", "only what ends before (RFC 3339)"},
		{"search", "q", "part of a subject's id, host or name"},
	} {
		filter[f.query] = cmd.Flags().String(f.flag, "", f.help)
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func name(g client.Grant) string {
	text := g.Subject.Kind + ":" + g.Subject.ID
	if g.Subject.Name != "" {
		text = g.Subject.Name + " (" + text + ")"
	}
	return text
}

// note says in a word or two what needs attention, and whose move it is.
func note(g client.Grant) string {
	switch {
	case g.InDoubt:
		return "in doubt"
	case g.Fault != nil && g.WhoseMove != "":
		return g.Fault.Code + ", " + g.WhoseMove
	case g.Fault != nil:
		return g.Fault.Code
	case !g.Renewable && g.State == "active":
		return "not renewable"
	}
	return ""
}

func grantShow(s streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show GRANT", Short: "Show a grant and what happened to it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			g, err := c.Grant(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, g)
			}
			rows := [][]string{
				{"grant", g.ID}, {"subject", name(g)}, {"host", g.Subject.Host}, {"owner", g.Owner}, {"state", g.State}, {"note", note(g)},
				{"access token ends", when(g.ExpiresAt)}, {"refresh token ends", when(g.RefreshTokenExpiresAt)},
				{"authorization ends", when(g.AuthorizationExpiresAt)}, {"next thing due", when(g.NextAt)},
				{"renewals stored", fmt.Sprint(g.Generation)}, {"scopes", fmt.Sprint(g.Scopes)},
			}
			if g.Fault != nil {
				rows = append(rows, []string{"cause", g.Fault.Cause.En}, []string{"remedy", g.Fault.Remedy.En})
			}
			printTable(s.out, []string{"What", "Value"}, rows)
			events, err := c.History(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			rows = nil
			for _, e := range events {
				rows = append(rows, []string{when(e.At), e.Kind, e.Actor})
			}
			printTable(s.out, []string{"When", "What happened", "By"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func grantToken(s streams) *cobra.Command {
	var minValid time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use: "token GRANT", Short: "Print the access token of a grant, renewed first if it ends soon", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			t, err := c.Token(cmd.Context(), args[0], minValid)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, map[string]any{
					"access_token": t.AccessToken.Reveal(), "expires_at": t.ExpiresAt, "grant": t.Grant, "generation": t.Generation, "stale": t.Stale,
				})
			}
			_, err = fmt.Fprintln(s.out, t.AccessToken.Reveal())
			return err
		},
	}
	cmd.Flags().DurationVar(&minValid, "min-valid", 0, "how long it must still last (default: an hour)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func grantRefresh(s streams) *cobra.Command {
	var force, asJSON bool
	cmd := &cobra.Command{
		Use: "refresh GRANT", Short: "Renew a grant now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			g, err := c.Refresh(cmd.Context(), args[0], force)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(s.out, g)
			}
			if g.Fault != nil {
				_, err = fmt.Fprintf(s.out, "not renewed: %s: %s\n%s\n", g.Fault.Code, g.Fault.Cause.En, g.Fault.Remedy.En)
				if err != nil {
					return err
				}
				return errFailed
			}
			_, err = fmt.Fprintf(s.out, "renewed, good until %s, generation %d\n", when(g.ExpiresAt), g.Generation)
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also send a one-time refresh token again whose answer was lost")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func grantRevoke(s streams) *cobra.Command {
	var all, yes bool
	var app string
	cmd := &cobra.Command{
		Use: "revoke GRANT", Short: "End a grant and erase its tokens, or with --all those of an app", Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case !all && (len(args) != 1 || app != ""), all && (len(args) != 0 || app == ""):
				return usage("revoke takes GRANT, or --all with --app APP")
			case all && !yes:
				return usage("--all ends every grant of %s for good, and each merchant has to authorize again; say --yes", app)
			}
			c, err := remote()
			if err != nil {
				return err
			}
			if all {
				return revokeAll(cmd.Context(), c, app, s)
			}
			if err := c.Revoke(cmd.Context(), args[0]); err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.out, "ended", args[0])
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "every grant of --app")
	cmd.Flags().StringVar(&app, "app", "", "whose grants --all ends")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// revokeAll ends every grant of an app, and goes on where one of them cannot be ended.
func revokeAll(ctx context.Context, c *client.Client, app string, s streams) error {
	failed, cursor := false, ""
	for {
		var page struct {
			Items []client.Grant `json:"items"`
			Next  string         `json:"next"`
		}
		query := url.Values{"app": {app}, "limit": {"200"}}
		if cursor != "" {
			query.Set("cursor", cursor)
		}
		if err := c.Call(ctx, http.MethodGet, "/v1/grants", query, nil, &page); err != nil {
			return err
		}
		for _, g := range page.Items {
			if g.State == "revoked" {
				continue
			}
			if err := c.Revoke(ctx, g.ID); err != nil {
				failed = true
				_, _ = fmt.Fprintln(s.err, "grantkeep:", g.ID, err)
				continue
			}
			if _, err := fmt.Fprintln(s.out, "ended", g.ID); err != nil {
				return err
			}
		}
		if page.Next == "" {
			break
		}
		cursor = page.Next
	}
	if failed {
		return errFailed
	}
	return nil
}
