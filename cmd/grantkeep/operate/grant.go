package operate

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func GrantCommand(s shell.Streams) *cobra.Command {
	return shell.Group("grant", "The grants", grantList(s), grantShow(s), grantToken(s), grantRefresh(s), grantCall(s), grantLink(s),
		grantConfirm(s), grantMove(s), grantRename(s), grantTag(s), grantRevoke(s), grantImport(s), grantTraded(s), grantObtain(s),
		grantExport(s))
}

func grantToken(s shell.Streams) *cobra.Command {
	var minValid time.Duration
	var asJSON bool
	cmd := &cobra.Command{
		Use: "token GRANT", Short: "Print the access token of a grant, renewed first if it ends soon", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			t, err := c.Token(cmd.Context(), args[0], minValid)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, map[string]any{
					"access_token": t.AccessToken.Reveal(), "expires_at": t.ExpiresAt, "grant": t.Grant, "generation": t.Generation, "stale": t.Stale,
				})
			}
			_, err = fmt.Fprintln(s.Out, t.AccessToken.Reveal())
			return err
		},
	}
	cmd.Flags().DurationVar(&minValid, "min-valid", 0, "how long it must still last (default: an hour)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func grantRefresh(s shell.Streams) *cobra.Command {
	var force, asJSON bool
	cmd := &cobra.Command{
		Use: "refresh GRANT", Short: "Renew a grant now", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			g, err := c.Refresh(cmd.Context(), args[0], force)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, g)
			}
			if g.Fault != nil {
				_, err = fmt.Fprintf(s.Out, "not renewed: %s: %s\n%s\n", g.Fault.Code, g.Fault.Cause.En, g.Fault.Remedy.En)
				if err != nil {
					return err
				}
				return shell.ErrFailed
			}
			_, err = fmt.Fprintf(s.Out, "renewed, good until %s, generation %d\n", shell.When(g.ExpiresAt), g.Generation)
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "also send a one-time refresh token again whose answer was lost")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// revokeAll ends every grant of an app, and goes on where one of them cannot be ended.
func revokeAll(ctx context.Context, c *client.Client, app string, s shell.Streams) error {
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
				_, _ = fmt.Fprintln(s.Err, "grantkeep:", g.ID, err)
				continue
			}
			if _, err := fmt.Fprintln(s.Out, "ended", g.ID); err != nil {
				return err
			}
		}
		if page.Next == "" {
			break
		}
		cursor = page.Next
	}
	if failed {
		return shell.ErrFailed
	}
	return nil
}
