package operate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// matter is one cause for which somebody has to do something, with everything that it touches.
type matter struct {
	Cause     string        `json:"cause"`
	WhoseMove string        `json:"whose_move"`
	Since     gk.Time       `json:"since"`
	Remedy    string        `json:"remedy"`
	App       string        `json:"app,omitempty"` // an application stands still
	Count     int           `json:"count"`
	Grants    []matterGrant `json:"grants"`
	Next      string        `json:"next,omitempty"` // the command that goes on
}

// matterGrant is one grant of a matter.
type matterGrant struct {
	ID      string  `json:"id"`
	Subject string  `json:"subject"`
	Owner   string  `json:"owner"`
	Ends    gk.Time `json:"ends"`
	Next    string  `json:"next,omitempty"`
}

func AttentionCommand(s shell.Streams) *cobra.Command {
	var f grantFilter
	var asJSON bool
	var most int
	cmd := &cobra.Command{
		Use:   "attention",
		Short: "What needs a person: by cause, whose move it is, since when, and what to do",
		Long: "What needs a person, by cause: applications that stand still, grants that wait for you, a merchant or a platform,\n" +
			"and grants that only the merchant can prolong and that end within 30 days. Ends with status 0 also when there is something.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			lang := myLanguage()
			apps, err := c.Apps(cmd.Context())
			if err != nil {
				return err
			}
			grants, err := f.findMoves(cmd, c)
			if err != nil {
				return err
			}
			soon := f
			if soon.endsBefore == "" {
				soon.endsBefore = "30d"
			}
			ending, err := soon.find(cmd, c)
			if err != nil {
				return err
			}
			matters := mattersOf(apps, grants, ending, lang)
			if asJSON {
				return shell.PrintJSON(s.Out, matters)
			}
			return printMatters(s, matters, most)
		},
	}
	f.flags(cmd)
	cmd.Flags().IntVar(&most, "most", 5, "so many grants of each cause")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// findMoves finds what is not ours to do: of many grants few are.
func (f *grantFilter) findMoves(cmd *cobra.Command, c *client.Client) ([]client.Grant, error) {
	if f.move != "" {
		return f.find(cmd, c)
	}
	var found []client.Grant
	for _, move := range []string{gk.MoveVendor, gk.MoveMerchant, gk.MovePlatform} {
		of := *f
		of.move = move
		grants, err := of.find(cmd, c)
		if err != nil {
			return nil, err
		}
		found = append(found, grants...)
	}
	slices.SortStableFunc(found, byUrgency)
	return found, nil
}

// mattersOf gathers what needs somebody: what stops an app first, then grants by their urgency.
func mattersOf(apps []client.App, grants, ending []client.Grant, lang string) []*matter {
	matters := []*matter{}
	for _, a := range apps {
		if a.Fault == nil {
			continue
		}
		matters = append(matters, &matter{
			Cause: in(a.Fault.Cause, lang), WhoseMove: a.Fault.WhoseMove, Remedy: in(a.Fault.Remedy, lang), App: a.ID,
			Grants: []matterGrant{}, Next: "grantkeep app check " + a.ID,
		})
	}
	seen := map[string]bool{}
	for _, g := range grants {
		if !needsSomebody(g) {
			continue
		}
		seen[g.ID] = true
		remedy := shell.Words["authorize"].In(lang)
		switch {
		case g.Fault != nil:
			remedy = in(g.Fault.Remedy, lang)
		case g.State == "held":
			remedy = shell.Words["confirm"].In(lang)
		}
		matters = withGrant(matters, g, cause(g, lang), remedy)
	}
	for _, g := range ending {
		if g.State == "active" && !seen[g.ID] {
			g.WhoseMove = "merchant"
			matters = withGrant(matters, g, shell.Words["fixed"].In(lang), shell.Words["authorize"].In(lang))
		}
	}
	return matters
}

// needsSomebody reports whether a grant waits for somebody else than us. An active one without a fault ends some day, which
// is told when that is soon.
func needsSomebody(g client.Grant) bool {
	return g.State != "revoked" && g.WhoseMove != "" && g.WhoseMove != gk.MoveUs && (g.State != "active" || g.Fault != nil)
}

// withGrant adds a grant to the matter of its cause, which is made where it is the first.
func withGrant(matters []*matter, g client.Grant, why, remedy string) []*matter {
	i := slices.IndexFunc(matters, func(m *matter) bool {
		return m.App == "" && m.Cause == why && m.WhoseMove == g.WhoseMove && m.Remedy == remedy
	})
	if i < 0 {
		i = len(matters)
		matters = append(matters, &matter{Cause: why, WhoseMove: g.WhoseMove, Remedy: remedy, Since: g.UpdatedAt})
	}
	m := matters[i]
	m.Count++
	if g.UpdatedAt.Before(m.Since.Time) {
		m.Since = g.UpdatedAt
	}
	end := gk.At(endFor(g))
	if g.AuthorizationExpiresAt.IsZero() && g.Renewable {
		end = gk.Time{}
	}
	m.Grants = append(m.Grants, matterGrant{ID: g.ID, Subject: name(g), Owner: g.Owner, Ends: end, Next: nextCommand(g)})
	return matters
}

func printMatters(s shell.Streams, matters []*matter, most int) error {
	if len(matters) == 0 {
		_, err := fmt.Fprintln(s.Out, "Nothing needs anybody.")
		return err
	}
	for i, m := range matters {
		if i > 0 {
			if _, err := fmt.Fprintln(s.Out); err != nil {
				return err
			}
		}
		head := []string{m.Cause, strings.TrimSpace(shell.Moves[m.WhoseMove].In(myLanguage()))}
		if m.App != "" {
			head = append(head, "app "+m.App)
		} else {
			head = append(head, fmt.Sprintf("%d", m.Count), "since "+local(m.Since))
		}
		if _, err := fmt.Fprintf(s.Out, "%s\n  %s\n", strings.Map(shell.Printable, strings.Join(head, " · ")), strings.Map(shell.Printable, m.Remedy)); err != nil {
			return err
		}
		if m.Next != "" {
			if _, err := fmt.Fprintf(s.Out, "  %s\n", m.Next); err != nil {
				return err
			}
		}
		var rows [][]string
		for n, g := range m.Grants {
			if n == most {
				rows = append(rows, []string{fmt.Sprintf("… %d more", len(m.Grants)-most), "", "", "", ""})
				break
			}
			rows = append(rows, []string{g.ID, g.Subject, g.Owner, shell.When(g.Ends), g.Next})
		}
		if len(rows) > 0 {
			shell.PrintTable(s.Out, []string{"Grant", "Subject", "Owner", "Ends", "To do"}, rows)
		}
	}
	return nil
}
