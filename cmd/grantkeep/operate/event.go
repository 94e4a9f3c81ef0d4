package operate

import (
	"fmt"
	"strconv"

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
			c, err := shell.Remote()
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
	return []string{strconv.FormatInt(e.Position, 10), shell.When(e.At), e.Severity, e.Kind, in(e.Text, myLanguage()), e.WhoseMove}
}

// eventFollow prints events until it is interrupted. It comes back by itself when the server was away, and says so once.
func eventFollow(s shell.Streams) *cobra.Command {
	var f client.EventFilter
	var asJSON bool
	cmd := &cobra.Command{
		Use: "follow", Short: "Print what happens, as it is published, until Ctrl-C", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			away := false
			err = c.Follow(cmd.Context(), f, func(e client.Event) error {
				away = false
				if asJSON {
					return shell.PrintLine(s.Out, e)
				}
				return shell.PrintWords(s.Out, eventRow(e))
			}, func(err error) {
				if !away { // once, on the other stream: a pipe gets events only
					away = true
					_, _ = fmt.Fprintf(s.Err, "the server is away, and what happens meanwhile comes later: %v\n", err)
				}
			})
			if cmd.Context().Err() != nil {
				return nil //nolint:nilerr // whoever followed has had enough
			}
			return err
		},
	}
	eventFlags(cmd, &f, &asJSON)
	cmd.Flags().Int64Var(&f.After, "after", -1, "behind this position; without it, what is published from now on")
	return cmd
}
