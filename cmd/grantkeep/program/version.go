package program

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/platform/all"
)

// buildInfo is what a binary knows of itself.
type buildInfo struct {
	Version   string          `json:"version"`
	Commit    string          `json:"commit"` // empty where the build was not told
	Go        string          `json:"go"`
	Platforms []platformState `json:"platforms"`
}

type platformState struct {
	Code     string `json:"code"`
	Maturity string `json:"maturity"`
}

// builtOf is the commit that a release was made of.
var builtOf string

func thisBuild() buildInfo {
	b := buildInfo{Version: shell.Version, Commit: builtOf, Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && b.Commit == "" {
				b.Commit = s.Value
			}
		}
	}
	for _, d := range all.Drivers() {
		b.Platforms = append(b.Platforms, platformState{d.Spec().Code, d.Spec().Facts.Maturity})
	}
	return b
}

func versionCommand(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "version", Short: "Tell which build this is, and how mature each platform is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if asJSON {
				return shell.PrintJSON(s.Out, b)
			}
			_, err := fmt.Fprintf(s.Out, "grantkeep %s %s %s\n", b.Version, b.Commit, b.Go)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
