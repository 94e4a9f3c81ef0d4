package operate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func grantShow(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show GRANT", Short: "Show a grant, whose move it is, and what happened to it", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			g, err := c.Grant(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, g)
			}
			app, err := c.App(cmd.Context(), g.App)
			if err != nil {
				return err
			}
			shell.PrintTable(s.Out, []string{"What", "Value"}, describe(g, app, myLanguage()))
			events, err := c.History(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			rows := make([][]string, 0, len(events))
			for _, e := range events {
				rows = append(rows, []string{local(e.At), e.Kind, e.Actor, dataText(e.Data)})
			}
			_, _ = fmt.Fprintln(s.Out) // the table that follows meets the same end
			shell.PrintTable(s.Out, []string{"When", "What happened", "By", "Details"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// describe is what a person wants to know of a grant, first what has to be done; rows without a value are left out.
func describe(g client.Grant, app client.App, lang string) [][]string {
	var shops []string
	for _, shop := range g.Shops {
		text := shop.Name
		if text == "" {
			text = shop.ID
		} else {
			text += " (" + shop.ID + ")"
		}
		if !shop.LostAt.IsZero() {
			text += ", lost " + shop.LostAt.Format(time.DateOnly)
		}
		shops = append(shops, text)
	}
	rows := [][]string{
		{"grant", g.ID}, {"subject", name(g)}, {"host", g.Subject.Host}, {"shops", strings.Join(shops, ", ")}, {"owner", g.Owner}, {"tags", tagText(g)},
		{"app", strings.TrimSpace(app.Name + " (" + g.App + ")")}, {"state", g.State}, {"cause", cause(g, lang)},
	}
	if move := shell.Moves[g.WhoseMove]; move.En != "" {
		rows = append(rows, []string{"whose move", move.In(lang)})
	}
	if g.Fault != nil {
		rows = append(rows, []string{"remedy", in(g.Fault.Remedy, lang)}, []string{"the platform said", strings.TrimSpace(g.Fault.Code + " " + g.Fault.Message)})
	}
	if next := nextCommand(g); next != "" {
		rows = append(rows, []string{"to do", next})
	}
	rows = append(rows, [][]string{
		{"access token ends", localOrNone(g.ExpiresAt)}, {"refresh token ends", localOrNone(g.RefreshTokenExpiresAt)},
		{"authorization ends", localOrNone(g.AuthorizationExpiresAt)}, {"next thing due", localOrNone(g.NextAt)},
		{"authorized", localOrNone(g.AuthorizedAt)}, {"generation", fmt.Sprint(g.Generation)}, {"scopes", strings.Join(g.Scopes, " ")},
	}...)
	return slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" })
}

// nextCommand is the command with which a person goes on; empty where nobody has to.
func nextCommand(g client.Grant) string {
	switch {
	case g.State == "held":
		return "grantkeep grant confirm " + g.ID + " --owner OWNER"
	case g.WhoseMove == "merchant":
		return "grantkeep grant link " + g.ID
	case g.WhoseMove == "vendor" && g.Fault != nil && g.Fault.Action == string(gk.FixConfig):
		return "grantkeep app check " + g.App
	case g.InDoubt:
		return "grantkeep grant refresh " + g.ID + " --force"
	}
	return ""
}

// dataText is what an event holds beside its kind.
func dataText(data map[string]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if text := fmt.Sprint(data[name]); text != "" && text != "<nil>" {
			parts = append(parts, name+": "+text)
		}
	}
	return strings.Join(parts, "; ")
}

// local writes a moment in the reader's zone.
func local(t gk.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04 MST")
}

func localOrNone(t gk.Time) string {
	if t.IsZero() {
		return ""
	}
	return local(t)
}
