package operate

import (
	"errors"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func EventCommand(s shell.Streams) *cobra.Command {
	return shell.Group("event", "What happened", eventList(s), eventFollow(s))
}

func eventFlags(cmd *cobra.Command, f *client.EventFilter, asJSON *bool) {
	flags := cmd.Flags()
	flags.StringVar(&f.Kind, "kind", "", "of this kind, such as grant.expiring")
	flags.StringVar(&f.App, "app", "", "of this app")
	flags.StringVar(&f.Grant, "grant", "", "of this grant")
	flags.StringVar(&f.Owner, "owner", "", "of this owner")
	flags.BoolVar(asJSON, "json", false, "print JSON")
}

func eventList(s shell.Streams) *cobra.Command {
	var f client.EventFilter
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List what happened, in the order of its publication", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			if limit < 1 || limit > 1000 {
				return shell.Usage("--limit takes 1 to 1000")
			}
			events, err := c.FindEvents(cmd.Context(), f, limit)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, events)
			}
			rows := make([][]string, 0, len(events))
			for _, e := range events {
				rows = append(rows, eventRow(e))
			}
			shell.PrintTable(s.Out, []string{"Position", "At", "Severity", "Kind", "What", "Whose move"}, rows)
			return nil
		},
	}
	eventFlags(cmd, &f, &asJSON)
	cmd.Flags().Int64Var(&f.After, "after", 0, "behind this position")
	cmd.Flags().IntVar(&limit, "limit", 50, "how many, 1 to 1000")
	return cmd
}

func eventRow(e client.Event) []string {
	return []string{strconv.FormatInt(e.Position, 10), shell.When(e.At), e.Severity, e.Kind, e.Text.En, e.WhoseMove}
}

// eventFollow prints events until it is interrupted. It comes back by itself when the server was away, and misses none.
func eventFollow(s shell.Streams) *cobra.Command {
	var f client.EventFilter
	var asJSON bool
	cmd := &cobra.Command{
		Use: "follow", Short: "Print what happens, as it is published, until Ctrl-C", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := remote()
			if err != nil {
				return err
			}
			for {
				var written error
				err := c.Stream(cmd.Context(), f, func(e client.Event) error {
					f.After = e.Position
					if asJSON {
						written = shell.PrintLine(s.Out, e)
					} else {
						written = shell.PrintWords(s.Out, eventRow(e))
					}
					return written
				})
				var refused *client.Problem
				switch {
				case cmd.Context().Err() != nil:
					return nil //nolint:nilerr // whoever followed has had enough
				case written != nil:
					return written
				case errors.As(err, &refused) && refused.Status < 500:
					return err
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(time.Second):
				}
			}
		},
	}
	eventFlags(cmd, &f, &asJSON)
	cmd.Flags().Int64Var(&f.After, "after", -1, "behind this position; without it, what is published from now on")
	return cmd
}
