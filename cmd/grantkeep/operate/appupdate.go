package operate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grantkeep/grantkeep/client"
	"github.com/grantkeep/grantkeep/cmd/grantkeep/shell"
	"github.com/grantkeep/grantkeep/explain"
	"github.com/grantkeep/grantkeep/platform/all"
)

// appSettings reads --set and --secret of an application. A secret on the command line is refused: every user of the
// machine can read it there, and the shell remembers it.
func appSettings(s shell.Streams, platform string, set, secrets []string) (map[string]string, error) {
	d, err := explain.Find(all.Drivers(), platform)
	if err != nil {
		var codes []string
		for _, d := range all.Drivers() {
			codes = append(codes, d.Spec().Code)
		}
		return nil, fmt.Errorf("platform %q is none of %s%s", platform, strings.Join(codes, ", "), shell.Meant(platform, codes, ""))
	}
	known := d.Spec().Facts.Settings
	settings := map[string]string{}
	for _, pair := range set {
		name, value, ok := strings.Cut(pair, "=")
		setting, is := known[name]
		switch {
		case !ok || name == "":
			return nil, shell.Usage("--set takes NAME=VALUE")
		case setting.Secret:
			return nil, shell.Usage("--set %s: it is a secret, and command lines can be read by others; give --secret %s=- (standard input), %s=FILE or %s=env:VARIABLE", name, name, name, name)
		case !is && name != "redirect_uri" && name != "push_url" && name != "scopes":
			return nil, shell.Usage("--set %s: %s has no such setting; there are %s", name, platform, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		settings[name] = value
	}
	for _, pair := range secrets {
		name, from, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, shell.Usage("--secret takes NAME=FILE, NAME=env:VARIABLE or NAME=-")
		}
		if settings[name], err = shell.SecretInput(s, from); err != nil {
			return nil, fmt.Errorf("--secret %s: %w", name, err)
		}
	}
	return settings, nil
}

func appEndpoints(endpoints []string) (map[string]string, error) {
	var all map[string]string
	for _, pair := range endpoints {
		name, base, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, shell.Usage("--endpoint takes NAME=scheme://host[:port], where NAME is authorize, token, api or another of the platform's")
		}
		if all == nil {
			all = map[string]string{}
		}
		all[name] = base
	}
	return all, nil
}

func appUpdate(s shell.Streams) *cobra.Command {
	var set, secrets, endpoints, origins []string
	var name, stage, profile string
	var face faceFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "update APP",
		Short: "Change an application, and let it go on if it was paused",
		Example: "  grantkeep app update app_01… --secret client_secret=env:CLIENT_SECRET\n" +
			"  grantkeep app update app_01… --vendor 'Northline' --sign @logo.png --support help@northline.example\n" +
			"  grantkeep app update app_01…                 (nothing but: go on)",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := shell.Remote()
			if err != nil {
				return err
			}
			app, err := c.App(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			change := client.AppChange{ReturnOrigins: origins}
			for _, f := range []struct {
				flag  string
				value *string
				to    **string
			}{{"name", &name, &change.Name}, {"stage", &stage, &change.Stage}, {"profile", &profile, &change.Profile}} {
				if cmd.Flags().Changed(f.flag) {
					*f.to = f.value
				}
			}
			if change.Settings, err = appSettings(s, app.Platform, set, secrets); err != nil {
				return err
			}
			if change.Endpoints, err = appEndpoints(endpoints); err != nil {
				return err
			}
			if change.Vendor, change.Sign, change.Support, err = face.read(); err != nil {
				return err
			}
			app, err = c.UpdateApp(cmd.Context(), args[0], change)
			if err != nil {
				return err
			}
			return showApp(s, app, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "name for people")
	face.add(f)
	f.StringVar(&profile, "profile", "", "kind of app on that platform")
	f.StringVar(&stage, "stage", "", "online or testing")
	f.StringArrayVar(&set, "set", nil, "NAME=VALUE of a setting that is not secret; an empty value removes it")
	f.StringArrayVar(&secrets, "secret", nil, "NAME=FILE, NAME=env:VARIABLE or NAME=- (standard input) of a secret one")
	f.StringArrayVar(&endpoints, "endpoint", nil, "NAME=scheme://host[:port] instead of the platform's; replaces all of them")
	f.StringArrayVar(&origins, "return-origin", nil, "https://host where return_to may lead; replaces all of them")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
