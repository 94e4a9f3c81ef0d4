package operate

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
)

func AlarmCommand(s shell.Streams) *cobra.Command {
	return shell.Group("alarm", "Have people told what happens", alarmAdd(s), alarmList(s),
		onAlarm(s, "test", "Send a message to try an alarm out", func(ctx context.Context, c *client.Client, id string) (string, error) {
			return "the channel took it", c.TestAlarm(ctx, id)
		}),
		onAlarm(s, "remove", "Remove an alarm", func(ctx context.Context, c *client.Client, id string) (string, error) {
			return "removed " + id, c.DeleteAlarm(ctx, id)
		}))
}

func onAlarm(s shell.Streams, use, short string, do func(context.Context, *client.Client, string) (string, error)) *cobra.Command {
	cmd := onWebhook(s, use, short, do)
	cmd.Use = use + " ALARM"
	return cmd
}

func alarmAdd(s shell.Streams) *cobra.Command {
	var a client.Alarm
	var settings, secrets []string
	var group time.Duration
	var quiet, digest string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "add CHANNEL", Short: "Tell people by dingtalk, wecom, feishu, lark, slack, teams, telegram, email or webhook", Args: cobra.ExactArgs(1),
		Example: "  grantkeep alarm add dingtalk --secret url=robot.url --secret secret=robot.secret\n" +
			"  grantkeep alarm add email --set smtp=smtps://me@mail.example:465 --secret password=env:MAIL_PASSWORD --set from=me@mail.example --set to=ops@mail.example",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			a.Channel, a.Settings = args[0], map[string]string{}
			for _, pair := range settings {
				name, value, ok := strings.Cut(pair, "=")
				if !ok {
					return shell.Usage("--set takes NAME=VALUE")
				}
				a.Settings[name] = value
			}
			for _, pair := range secrets {
				name, from, ok := strings.Cut(pair, "=")
				if !ok {
					return shell.Usage("--secret takes NAME=FILE, NAME=env:VARIABLE or NAME=-")
				}
				if a.Settings[name], err = shell.SecretInput(s, from); err != nil {
					return err
				}
			}
			if group > 0 {
				a.Group = group.String()
			}
			if quiet != "" {
				times, zone, ok := strings.Cut(quiet, " ")
				from, until, both := strings.Cut(times, "-")
				if !ok || !both {
					return shell.Usage("--quiet takes 'HH:MM-HH:MM ZONE', such as '22:00-08:00 Asia/Shanghai'")
				}
				a.Quiet = &client.Quiet{From: from, Until: until, Zone: zone}
			}
			if digest != "" {
				at, zone, ok := strings.Cut(digest, " ")
				if !ok {
					return shell.Usage("--digest takes 'HH:MM ZONE', such as '09:00 Asia/Shanghai'")
				}
				a.Digest = &client.Digest{At: at, Zone: zone}
			}
			made, err := c.CreateAlarm(cmd.Context(), a)
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, made)
			}
			_, err = fmt.Fprintln(s.Out, made.ID)
			return err
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&settings, "set", nil, "NAME=VALUE, a setting of the channel (may be repeated)")
	f.StringArrayVar(&secrets, "secret", nil, "NAME=FILE, NAME=env:VARIABLE or NAME=-, a setting that is secret (may be repeated)")
	f.StringSliceVar(&a.Kinds, "kind", nil, "kinds of events; without it, what needs somebody at once")
	f.StringSliceVar(&a.Platforms, "platform", nil, "of these platforms only")
	f.StringSliceVar(&a.Apps, "app", nil, "of these apps only")
	f.StringSliceVar(&a.Owners, "owner", nil, "of these owners only")
	f.StringVar(&a.Severity, "severity", "", "info, warning or critical, and what is worse")
	f.StringVar(&a.Language, "language", "", "zh-CN, zh-TW or en")
	f.StringVar(&quiet, "quiet", "", "'HH:MM-HH:MM ZONE': then only what is critical")
	f.StringVar(&digest, "digest", "", "'HH:MM ZONE': every day then, how all stands")
	f.DurationVar(&group, "group", 0, "how long events of one cause are gathered")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// gathering is how long an alarm gathers events, as a person would write it.
func gathering(group string) string {
	d, err := time.ParseDuration(group)
	if err != nil || d == 0 {
		return "-"
	}
	return strings.NewReplacer("m0s", "m", "h0m0s", "h").Replace(d.String())
}

func alarmList(s shell.Streams) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "List alarms", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			all, err := c.Alarms(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return shell.PrintJSON(s.Out, all)
			}
			rows := make([][]string, 0, len(all))
			for _, a := range all {
				rows = append(rows, []string{
					a.ID, a.Channel, cmp.Or(strings.Join(a.Kinds, " "), "what needs somebody"), cmp.Or(a.Severity, "any"), a.Language, gathering(a.Group),
				})
			}
			shell.PrintTable(s.Out, []string{"Alarm", "Channel", "Kinds", "Severity", "Language", "Group"}, rows)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
