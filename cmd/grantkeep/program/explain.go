package program

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

// longestSaid is how much of a text on standard input is read.
const longestSaid = 1 << 20

func explainCommand(s shell.Streams) *cobra.Command {
	var asJSON, reveal, draft bool
	cmd := &cobra.Command{
		Use:   "explain [PLATFORM [STAGE] WORDS…]",
		Short: "Tell what an error of a platform means, and what to do",
		Long: "Tell what an error of a platform means, and what to do.\n\nWith arguments: a platform and what it said, a pasted callback address, or a JSON body. Without: one JSON\n" +
			"object per line on standard input. With a platform alone, or a platform and a stage: what it said, on standard input.",
		Example: "  grantkeep explain taobao 'refresh times limit exceed'\n" +
			"  grantkeep explain shopee refresh < page.html\n" +
			"  grantkeep explain shoplazza refresh invalid_grant",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				failed, err := offline.Run(all.Drivers(), "explain", reveal, s.In, s.Out)
				if err == nil && failed {
					return shell.ErrFailed
				}
				return err
			}
			if in, ok := s.In.(*os.File); explain.Unsaid(args) && (!ok || !shell.IsTerminal(in)) {
				said, err := io.ReadAll(io.LimitReader(s.In, longestSaid))
				if err != nil {
					return err
				}
				if text := strings.TrimSpace(string(said)); text != "" {
					args = append(slices.Clone(args), text)
				}
			}
			d, q, err := explain.Ask(all.Drivers(), args)
			if err != nil {
				return shell.Misused(err)
			}
			f := explain.Explain(d, d.Spec().Open(platform.App{Now: time.Now()}), q)
			if draft {
				line, err := explain.Draft(f)
				if err == nil {
					_, err = fmt.Fprintln(s.Out, line)
				}
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, map[string]any{"fault": f})
			}
			lang := shell.Language(os.Getenv("LC_ALL"), os.Getenv("LANG"))
			facts := []string{f.Platform, f.Code, "action " + string(f.Action), shell.Moves[f.WhoseMove].In(lang)}
			if f.Code == "" {
				facts = slices.Delete(facts, 1, 2) // a text alone: the platform gives it no code
			}
			_, err = fmt.Fprintf(s.Out, "%s\n%s\n\n%s\n", f.Cause.In(lang), f.Remedy.In(lang), strings.Join(facts, " · "))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&draft, "draft", false, "print a row for the platform's catalogue, to complete and send in")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show app secrets, refresh tokens and the Basic header")
	return cmd
}
