package operate

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	gk "github.com/grantkeep/grantkeep"
	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

// grantFilter is the flags by which commands narrow the grants.
type grantFilter struct {
	platform, app, owner, state, search string
	endsBefore, move, fault, tag        string
	limit                               int
}

func (f *grantFilter) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.platform, "platform", "", "only this platform")
	flags.StringVar(&f.app, "app", "", "only this app")
	flags.StringVar(&f.owner, "owner", "", "only this owner")
	flags.StringVar(&f.state, "state", "", "active, held, suspended, expired or revoked")
	flags.StringVar(&f.search, "search", "", "part of an id, host, name, owner, or of the name of a shop")
	flags.StringVar(&f.move, "move", "", "only where it is somebody's move: us, vendor, merchant or platform")
	flags.StringVar(&f.tag, "tag", "", "only with this tag: NAME=VALUE")
	flags.StringVar(&f.fault, "fault", "", "only with this fault, by its code")
	flags.StringVar(&f.endsBefore, "ends-before", "", "only what needs the merchant before: RFC 3339, a day (2027-01-31), or a time from now (30d, 12h)")
	flags.StringVar(&f.endsBefore, "expires-before", "", "the same as --ends-before")
	flags.IntVar(&f.limit, "limit", 0, "at most so many, the most urgent first; 0: all")
}

// find asks the server, and sorts what it says by urgency.
func (f *grantFilter) find(cmd *cobra.Command, c *client.Client) ([]client.Grant, error) {
	query, err := f.query()
	if err != nil {
		return nil, err
	}
	grants, err := c.Grants(cmd.Context(), query)
	if err != nil {
		return nil, err
	}
	grants = slices.DeleteFunc(grants, func(g client.Grant) bool {
		return f.fault != "" && (g.Fault == nil || g.Fault.Code != f.fault)
	})
	slices.SortStableFunc(grants, byUrgency)
	if f.limit > 0 && len(grants) > f.limit {
		grants = grants[:f.limit]
	}
	return grants, nil
}

// query is the filter as the API takes it, or what is wrong with a flag.
func (f *grantFilter) query() (url.Values, error) {
	switch {
	case f.state != "" && !slices.Contains([]string{"active", "held", "suspended", "expired", "revoked"}, f.state):
		return nil, shell.Usage("--state %q is none of active, held, suspended, expired, revoked", f.state)
	case f.move != "" && !slices.Contains([]string{"us", "vendor", "merchant", "platform"}, f.move):
		return nil, shell.Usage("--move %q is none of us, vendor, merchant, platform", f.move)
	case f.limit < 0:
		return nil, shell.Usage("--limit %d is below zero; 0 means all", f.limit)
	}
	query := url.Values{}
	for name, value := range map[string]string{"platform": f.platform, "app": f.app, "owner": f.owner, "state": f.state, "q": f.search, "whose_move": f.move} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.tag != "" {
		name, value, whole := strings.Cut(f.tag, "=")
		if !whole || name == "" || value == "" {
			return nil, shell.Usage("--tag %q: takes NAME=VALUE", f.tag)
		}
		query.Set("tag", name+":"+value)
	}
	if f.endsBefore != "" {
		end, err := readEnd(f.endsBefore, time.Now())
		if err != nil {
			return nil, shell.Usage("--ends-before %q %v", f.endsBefore, err)
		}
		query.Set("expires_before", end.UTC().Format(time.RFC3339))
	}
	return query, nil
}

// readEnd reads a moment as people write it.
func readEnd(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil {
			return now.Add(time.Duration(n) * 24 * time.Hour), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	if t, err := gk.ParseTime(text); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("is neither RFC 3339, a day such as 2027-01-31, nor a time from now such as 30d or 12h")
}

// urgency is how soon somebody has to do something: the lower, the sooner.
func urgency(g client.Grant) int {
	switch {
	case g.State == "revoked":
		return 6
	case g.WhoseMove == "vendor":
		return 0
	case g.WhoseMove == "merchant" && g.State != "active":
		return 1
	case g.WhoseMove == "merchant":
		return 2
	case g.WhoseMove == "platform":
		return 3
	case g.InDoubt || g.Fault != nil:
		return 4
	}
	return 5
}

func byUrgency(a, b client.Grant) int {
	return cmp.Or(cmp.Compare(urgency(a), urgency(b)), endFor(a).Compare(endFor(b)), strings.Compare(a.ID, b.ID))
}

// endFor is the end that only the merchant can move; far away where there is none.
func endFor(g client.Grant) time.Time {
	end := g.AuthorizationExpiresAt.Time
	if end.IsZero() && !g.Renewable {
		end = g.ExpiresAt.Time
	}
	if end.IsZero() {
		return time.Unix(1<<40, 0)
	}
	return end
}

func grantList(s shell.Streams) *cobra.Command {
	var asJSON bool
	var f grantFilter
	cmd := &cobra.Command{
		Use: "list", Short: "List the grants, the most urgent first", Args: cobra.NoArgs,
		Example: "  grantkeep grant list --move merchant --ends-before 30d\n" +
			"  grantkeep grant list --search 'demo-1' --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			grants, err := f.find(cmd, c)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, grants)
			}
			if len(grants) == 0 {
				_, err := fmt.Fprintln(s.Out, none(cmd))
				return err
			}
			rows := make([][]string, 0, len(grants))
			for _, g := range grants {
				rows = append(rows, []string{g.ID, g.Platform, name(g), g.Owner, g.State, note(g, myLanguage()), shell.When(g.ExpiresAt), shell.When(g.NextAt)})
			}
			shell.PrintTable(s.Out, []string{"Grant", "Platform", "Subject", "Owner", "State", "Note", "Ends", "Next"}, rows)
			return nil
		},
	}
	f.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// none says that a list is empty, and how to come by something in it.
func none(cmd *cobra.Command) string {
	narrowed := false
	cmd.Flags().Visit(func(*pflag.Flag) { narrowed = true })
	if narrowed {
		return "No grant is like this; without flags every one is listed."
	}
	return "No grants yet: grantkeep link APP makes a link that a merchant opens, grantkeep grant import brings what you have."
}

// myLanguage is the language of the person at the terminal.
func myLanguage() string { return shell.Language(os.Getenv("LC_ALL"), os.Getenv("LANG")) }

func name(g client.Grant) string {
	if g.Subject.ID == "" {
		return ""
	}
	text := g.Subject.Kind + ":" + g.Subject.ID
	if g.Subject.Name != "" {
		text = g.Subject.Name + " (" + text + ")"
	}
	return text
}

// in returns a text in a language.
func in(t client.Texts, lang string) string {
	switch lang {
	case "zh-CN":
		return t.ZhCN
	case "zh-TW":
		return t.ZhTW
	}
	return t.En
}

// cause says why a grant needs somebody; empty: it does not.
func cause(g client.Grant, lang string) string {
	switch {
	case g.InDoubt:
		return shell.Words["doubt"].In(lang)
	case g.Fault != nil:
		return in(g.Fault.Cause, lang)
	case g.State == "held":
		return shell.Words["held"].In(lang)
	case g.State == "expired":
		return shell.Words["expired"].In(lang)
	case g.State == "revoked":
		return shell.Words["revoked"].In(lang)
	case !g.Renewable && g.State == "active":
		return shell.Words["fixed"].In(lang)
	}
	return ""
}

// note says in a few words what needs attention, and whose move it is.
func note(g client.Grant, lang string) string {
	text := cause(g, lang)
	if runes := []rune(text); len(runes) > 60 {
		text = string(runes[:59]) + "…"
	}
	if g.WhoseMove != "" && g.WhoseMove != "us" && text != "" {
		return g.WhoseMove + ": " + text
	}
	return text
}
