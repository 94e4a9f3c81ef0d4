package program

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// manualCommand prints the manual page of all commands, from which the packages' one is made.
func manualCommand(out io.Writer) *cobra.Command {
	return &cobra.Command{
		Use: "manual", Short: "Print the manual page, for man", Args: cobra.NoArgs, Hidden: true,
		Example: "  grantkeep manual > grantkeep.1",
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(out, manualPage(cmd.Root()))
			return err
		},
	}
}

// manualPage writes one page in the macros of man. It holds no date and no version: what is made twice is the same.
func manualPage(root *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH GRANTKEEP 1\n.SH NAME\ngrantkeep \\- %s\n.SH SYNOPSIS\n.B grantkeep\n.I COMMAND\n[flags]\n.SH DESCRIPTION\n", roff(root.Short))
	b.WriteString(roff("Commands that talk to a server read GRANTKEEP_SERVER and GRANTKEEP_KEY. --json on any of them prints JSON instead of a table. "+
		"Secrets come from standard input, files or the environment, never from flags.") + "\n.SH COMMANDS\n")
	sections(&b, root)
	b.WriteString(".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage.\n")
	return b.String()
}

// sections writes a section per command, in the order of its name.
func sections(b *strings.Builder, cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if !c.HasSubCommands() || c.Flags().HasFlags() {
			text := c.Long
			if text == "" {
				text = c.Short + "."
			}
			fmt.Fprintf(b, ".SS %s\n%s\n", roff(strings.TrimSuffix(c.UseLine(), " [flags]")), roff(text))
			c.LocalFlags().VisitAll(func(f *pflag.Flag) {
				if f.Hidden || f.Name == "help" {
					return
				}
				name := "--" + f.Name
				switch kind := f.Value.Type(); kind {
				case "bool":
				case "stringSlice", "stringArray":
					name += " TEXT …"
				case "string":
					name += " TEXT"
				default:
					name += " " + strings.ToUpper(kind)
				}
				fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(name), roff(f.Usage))
			})
			if c.Example != "" {
				fmt.Fprintf(b, ".PP\nExamples:\n.nf\n%s\n.fi\n", roff(c.Example))
			}
		}
		sections(b, c)
	}
}

// roff writes a text so that man shows it as it is: no line of it is taken for a macro.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for n, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[n] = `\&` + line
		}
		if line == "" {
			lines[n] = ".PP"
		}
	}
	return strings.Join(lines, "\n")
}
