package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/all"
)

func explainCommand(s streams) *cobra.Command {
	var asJSON, reveal, draft bool
	cmd := &cobra.Command{
		Use:   "explain [PLATFORM [STAGE] WORDS…]",
		Short: "Tell what an error of a platform means, and what to do",
		Long: "Tell what an error of a platform means, and what to do.\n\nWith arguments: a platform and what it said, a pasted callback address, or a JSON body. Without: one JSON\n" +
			"object per line on standard input.",
		Example: "  grantkeep explain taobao 'refresh times limit exceed'\n" +
			"  grantkeep explain shoplazza refresh invalid_grant",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				failed, err := offline.Run(all.Drivers(), "explain", reveal, s.in, s.out)
				if err == nil && failed {
					return errFailed
				}
				return err
			}
			d, q, err := explain.Ask(all.Drivers(), args)
			if err != nil {
				return usageError{err}
			}
			f := explain.Explain(d, d.Spec().Open(platform.App{Now: time.Now()}), q)
			if draft {
				line, err := explain.Draft(f)
				if err == nil {
					_, err = fmt.Fprintln(s.out, line)
				}
				return err
			}
			if asJSON {
				return printJSON(s.out, map[string]any{"fault": f})
			}
			lang := language(os.Getenv("LC_ALL"), os.Getenv("LANG"))
			facts := []string{f.Platform, f.Code, "action " + string(f.Action), moves[f.WhoseMove].In(lang)}
			if f.Code == "" {
				facts = slices.Delete(facts, 1, 2) // a text alone: the platform gives it no code
			}
			_, err = fmt.Fprintf(s.out, "%s\n%s\n\n%s\n", f.Cause.In(lang), f.Remedy.In(lang), strings.Join(facts, " · "))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&draft, "draft", false, "print a row for the platform's catalogue, to complete and send in")
	cmd.Flags().BoolVar(&reveal, "reveal", false, "show app secrets, refresh tokens and the Basic header")
	return cmd
}

// moves says whose turn it is.
var moves = map[string]platform.Texts{
	"us":       {ZhCN: "不用处理，会自动继续", ZhTW: "不需處理，會自動繼續", En: "nobody need act, it goes on by itself"},
	"vendor":   {ZhCN: "该应用方处理", ZhTW: "該應用程式方處理", En: "the vendor's move"},
	"merchant": {ZhCN: "该商家处理", ZhTW: "該賣家處理", En: "the merchant's move"},
	"platform": {ZhCN: "等平台审核", ZhTW: "等平台審核", En: "the platform's move"},
}

// language picks one of the three languages from a terminal's locale.
func language(locales ...string) string {
	for _, l := range locales {
		switch {
		case strings.HasPrefix(l, "zh_TW"), strings.HasPrefix(l, "zh_HK"), strings.HasPrefix(l, "zh_MO"):
			return "zh-TW"
		case strings.HasPrefix(l, "zh"):
			return "zh-CN"
		case l != "" && l != "C" && l != "POSIX":
			return "en"
		}
	}
	return "en"
}
