package operate

import (
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// traded is how far the trade of tokens without an end has come. The server trades them by itself, one after another, from
// the moment in which they are imported; what is counted is what it keeps, so that a count may begin and end at any time.
type traded struct {
	Grants  int `json:"grants"`
	Pairs   int `json:"pairs"`   // have a token with an end
	Waiting int `json:"waiting"` // will be traded
	Unknown int `json:"unknown"` // no answer came; it is asked again
	Refused int `json:"refused"` // the merchant must authorize
	Fixed   int `json:"fixed"`   // have a token without an end that nothing is traded for
}

func tradedOf(grants []client.Grant) (t traded) {
	for _, g := range grants {
		switch {
		case g.State == string(gk.Revoked):
			continue
		case !g.ExpiresAt.IsZero():
			t.Pairs++
		case g.Renewable && g.InDoubt:
			t.Unknown++
		case g.Renewable:
			t.Waiting++
		case g.Fault != nil:
			t.Refused++
		default:
			t.Fixed++
		}
		t.Grants++
	}
	return t
}

func (t traded) String() string {
	return fmt.Sprintf("%d grants: %d have a pair, %d wait to be traded, %d got no answer yet, %d were refused, %d keep a token without an end",
		t.Grants, t.Pairs, t.Waiting, t.Unknown, t.Refused, t.Fixed)
}

// countAgain is how often the count is made while a person waits for its end.
const countAgain = 2 * time.Second

func grantTraded(s shell.Streams) *cobra.Command {
	var wait, asJSON bool
	cmd := &cobra.Command{
		Use: "traded APP", Short: "Tell how many tokens without an end have been traded for pairs", Args: cobra.ExactArgs(1),
		Example: "  grantkeep grant traded APP --wait",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			var before traded
			for {
				grants, err := c.Grants(cmd.Context(), url.Values{"app": {args[0]}})
				if err != nil {
					return err
				}
				t := tradedOf(grants)
				if over := t.Waiting+t.Unknown == 0; over || !wait {
					if asJSON {
						return shell.PrintJSON(s.Out, t)
					}
					_, err := fmt.Fprintln(s.Out, t)
					return err
				}
				if t != before {
					_, _ = fmt.Fprintln(s.Err, t) // a broken terminal stops nothing
				}
				before = t
				select {
				case <-cmd.Context().Done():
					return cmd.Context().Err()
				case <-time.After(countAgain):
				}
			}
		},
	}
	cmd.Flags().BoolVar(&wait, "wait", false, "until none waits")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
