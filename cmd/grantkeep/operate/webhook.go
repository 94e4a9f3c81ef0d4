package operate

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func WebhookCommand(s shell.Streams) *cobra.Command {
	return shell.Group("webhook", "Have events sent to an address", webhookAdd(s), webhookList(s),
		onWebhook(s, "test", "Send an event webhook.test", func(ctx context.Context, c *client.Client, id string) (string, error) {
			return c.TestWebhook(ctx, id)
		}),
		onWebhook(s, "rotate", "Make a new secret and show it this once; for 24 hours both sign", func(ctx context.Context, c *client.Client, id string) (string, error) {
			secret, err := c.RotateWebhook(ctx, id)
			return secret.Reveal(), err
		}),
		webhookReplay(s),
		onWebhook(s, "remove", "Remove a webhook", func(ctx context.Context, c *client.Client, id string) (string, error) {
			return "removed " + id, c.DeleteWebhook(ctx, id)
		}))
}

func webhookAdd(s shell.Streams) *cobra.Command {
	var w client.Webhook
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add URL", Short: "Send events to an address, signed; the secret is shown this once", Args: cobra.ExactArgs(1),
		Example: "  grantkeep webhook add https://erp.example/grantkeep --kind 'grant.*'",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			w.URL = args[0]
			made, err := c.CreateWebhook(cmd.Context(), w)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, struct {
					client.Webhook
					Secret string `json:"secret"`
				}{made, made.Secret.Reveal()})
			}
			_, err = fmt.Fprintf(s.Out, "%s\n%s\n", made.ID, made.Secret.Reveal())
			return err
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&w.Kinds, "kind", []string{"*"}, "kinds of events; grant.* names many")
	f.StringSliceVar(&w.Apps, "app", nil, "of these apps only")
	f.StringSliceVar(&w.Owners, "owner", nil, "of these owners only")
	f.StringVar(&w.Description, "description", "", "for people")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func webhookList(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List webhooks", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			all, err := c.Webhooks(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, all)
			}
			rows := make([][]string, 0, len(all))
			for _, w := range all {
				state := "enabled"
				if !w.Enabled {
					state = "disabled " + w.Reason
				}
				rows = append(rows, []string{w.ID, w.URL, strings.Join(w.Kinds, " "), state, shell.When(w.FailingSince)})
			}
			shell.PrintTable(s.Out, []string{"Webhook", "URL", "Kinds", "State", "Failing since"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// onWebhook is a command that does one thing with one webhook and prints what came of it.
func onWebhook(s shell.Streams, use, short string, do func(context.Context, *client.Client, string) (string, error)) *cobra.Command {
	return &cobra.Command{
		Use: use + " WEBHOOK", Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			text, err := do(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(s.Out, text)
			return err
		},
	}
}

func webhookReplay(s shell.Streams) *cobra.Command {
	var after, until int64
	cmd := onWebhook(s, "replay", "Send the events of a range again", func(ctx context.Context, c *client.Client, id string) (string, error) {
		n, err := c.ReplayWebhook(ctx, id, after, until)
		return strconv.Itoa(n), err
	})
	cmd.Flags().Int64Var(&after, "after", 0, "behind this position")
	cmd.Flags().Int64Var(&until, "until", 0, "up to and with this position; 0: the last one")
	return cmd
}
