package operate

import (
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func AuthorizationCommand(s shell.Streams) *cobra.Command {
	return shell.Group("authorization", "Links for merchants and how they ended", authorizationList(s), authorizationShow(s))
}

func authorizationList(s shell.Streams) *cobra.Command {
	var app, owner, state, search string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List authorizations, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if state != "" && !slices.Contains([]string{"pending", "completed", "failed", "expired"}, state) {
				return shell.Usage("--state %q is none of pending, completed, failed, expired", state)
			}
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range map[string]string{"app": app, "owner": owner, "state": state, "q": search} {
				if value != "" {
					query.Set(name, value)
				}
			}
			found, err := c.Authorizations(cmd.Context(), query)
			if err != nil {
				return err
			}
			if limit > 0 && len(found) > limit {
				found = found[:limit]
			}
			if asJSON {
				return shell.PrintJSON(s.Out, found)
			}
			rows := make([][]string, 0, len(found))
			for _, a := range found {
				rows = append(rows, []string{a.Number, a.ID, a.App, a.Owner, a.State, whyNot(a), shell.When(a.CreatedAt)})
			}
			shell.PrintTable(s.Out, []string{"Number", "Authorization", "App", "Owner", "State", "Why", "Made"}, rows)
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&app, "app", "", "only this app")
	f.StringVar(&owner, "owner", "", "only this owner")
	f.StringVar(&state, "state", "", "pending, completed, failed or expired")
	f.StringVar(&search, "search", "", "the number that the merchant sees (AUT-…), or the beginning of an id, a shop or an owner")
	f.IntVar(&limit, "limit", 50, "at most so many, the newest first; 0: all")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// whyNot says why an authorization brought nothing.
func whyNot(a client.Authorization) string {
	if a.Fault != nil {
		return in(a.Fault.Cause, myLanguage())
	}
	return strings.ReplaceAll(a.Reason, "_", " ")
}

func authorizationShow(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show AUTHORIZATION", Short: "Show how an authorization stands, by its id or the number that the merchant sees (AUT-…)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			a, err := c.Authorization(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, a)
			}
			lang := myLanguage()
			rows := [][]string{
				{"authorization", a.ID}, {"number", a.Number}, {"app", a.App}, {"owner", a.Owner}, {"state", a.State},
				{"reason", strings.ReplaceAll(a.Reason, "_", " ")}, {"made", localOrNone(a.CreatedAt)}, {"link good until", localOrNone(a.ExpiresAt)},
				{"grants", strings.Join(a.Grants, " ")},
			}
			if a.Fault != nil {
				rows = append(rows, []string{"cause", in(a.Fault.Cause, lang)}, []string{"remedy", in(a.Fault.Remedy, lang)},
					[]string{"whose move", shell.Moves[a.Fault.WhoseMove].In(lang)}, []string{"the platform said", strings.TrimSpace(a.Fault.Code + " " + a.Fault.Message)})
			}
			if a.Kept {
				rows = append(rows, []string{"to do", "grantkeep link place " + a.ID})
			}
			rows = slices.DeleteFunc(rows, func(r []string) bool { return r[1] == "" })
			shell.PrintTable(s.Out, []string{"What", "Value"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
