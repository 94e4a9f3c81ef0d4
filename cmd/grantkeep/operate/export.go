package operate

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func grantExport(s shell.Streams) *cobra.Command {
	var recipient, out string
	filter := map[string]*string{}
	cmd := &cobra.Command{
		Use: "export", Short: "Export the grants with their tokens, encrypted for an age recipient", Args: cobra.NoArgs,
		Long: "Writes the grants with their tokens to standard output or a file, encrypted: only the identity that belongs to the\n" +
			"recipient opens it (age --decrypt -i key.txt). Needs a key with the scope export. Held and revoked grants are left out.",
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			if recipient == "" {
				return shell.Usage("--recipient is needed: an age recipient, age1…; age-keygen makes one")
			}
			to := s.Out
			if f, ok := to.(*os.File); ok && out == "" && shell.IsTerminal(f) {
				return shell.Usage("the file is not for a terminal; name one with --out")
			}
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			query := url.Values{}
			for name, value := range filter {
				if *value != "" {
					query.Set(name, *value)
				}
			}
			file, err := c.Export(cmd.Context(), recipient, query)
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }() // only read from
			if out != "" {
				kept, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
				if err != nil {
					return err
				}
				_, err = io.Copy(kept, shell.Watched(s.Err, "exported", file))
				return whole(file, errors.Join(err, kept.Close()))
			}
			_, err = io.Copy(to, file)
			return whole(file, err)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&recipient, "recipient", "", "who can open the file: age1…; several are joined by commas")
	flags.StringVar(&out, "out", "", "a file to make; without it standard output")
	for _, f := range []struct{ name, help string }{
		{"format", "ndjson (default) or csv"}, {"platform", "only this platform"}, {"app", "only this app"},
		{"owner", "only this owner"}, {"state", "active, suspended or expired"},
	} {
		filter[f.name] = flags.String(f.name, "", f.help)
	}
	return cmd
}

// whole says that a file is of no use, or what is not in it.
func whole(file *client.Exported, err error) error {
	if err != nil {
		return fmt.Errorf("the export broke off, do not use the file: %w", err)
	}
	if left := file.LeftOut(); len(left) > 0 {
		return fmt.Errorf("the file can be used, and these grants are not in it: %s", strings.Join(left, ", "))
	}
	return nil
}
