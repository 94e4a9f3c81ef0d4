package program

import (
	"strings"

	"github.com/spf13/cobra"
)

// examples are command lines for the help of commands whose own file has none, by the command's path. A test runs each
// through the commands: what does not exist fails.
var examples = map[string]string{
	"grantkeep":                    "grantkeep demo\ngrantkeep serve --data /var/lib/grantkeep",
	"grantkeep alarm":              "grantkeep alarm list",
	"grantkeep alarm list":         "grantkeep alarm list --json",
	"grantkeep alarm remove":       "grantkeep alarm remove $ALARM",
	"grantkeep alarm test":         "grantkeep alarm test $ALARM",
	"grantkeep app":                "grantkeep app list",
	"grantkeep app check":          "grantkeep app check $APP",
	"grantkeep app list":           "grantkeep app list --json",
	"grantkeep app remove":         "grantkeep app remove $APP --yes",
	"grantkeep app show":           "grantkeep app show $APP",
	"grantkeep app start":          "grantkeep app start $APP",
	"grantkeep app stop":           "grantkeep app stop $APP",
	"grantkeep attention":          "grantkeep attention\ngrantkeep attention --json",
	"grantkeep authorization":      "grantkeep authorization list",
	"grantkeep authorization list": "grantkeep authorization list --app $APP",
	"grantkeep authorization show": "grantkeep authorization show AUT-7K2M9Q",
	"grantkeep demo":               "grantkeep demo\ngrantkeep demo --json --listen 127.0.0.1:0 --control-port 0   (every port a free one, for a test)",
	"grantkeep event":              "grantkeep event follow",
	"grantkeep event follow":       "grantkeep event follow --json",
	"grantkeep event list":         "grantkeep event list --json",
	"grantkeep grant":              "grantkeep grant list",
	"grantkeep grant confirm":      "grantkeep grant confirm $GRANT --owner cust-8841",
	"grantkeep grant export":       "grantkeep grant export --help",
	"grantkeep grant import":       "grantkeep grant import old-tokens.csv",
	"grantkeep grant move":         "grantkeep grant move $GRANT --owner cust-8842",
	"grantkeep grant refresh":      "grantkeep grant refresh $GRANT",
	"grantkeep grant rename":       "grantkeep grant rename $GRANT --name 'Flagship store'",
	"grantkeep grant revoke":       "grantkeep grant revoke $GRANT\ngrantkeep grant revoke $GRANT --erase   (a merchant asks to be forgotten)",
	"grantkeep grant show":         "grantkeep grant show $GRANT --json",
	"grantkeep grant token":        "curl -H \"Access-Token: $(grantkeep grant token $GRANT)\" …",
	"grantkeep healthcheck":        "grantkeep healthcheck",
	"grantkeep key":                "grantkeep key list",
	"grantkeep key list":           "grantkeep key list --json",
	"grantkeep key revoke":         "grantkeep key revoke $KEY",
	"grantkeep keyring":            "grantkeep keyring rotate",
	"grantkeep keyring list":       "grantkeep keyring list",
	"grantkeep keyring retire":     "grantkeep keyring retire --without run_01m7wffzjcy65nb8xdw0yt2xrn",
	"grantkeep keyring rotate":     "grantkeep keyring rotate",
	"grantkeep link":               "grantkeep link $APP --shop demo-1.myshoplaza.com --owner cust-8841\ngrantkeep link $APP --qr",
	"grantkeep link place":         "grantkeep link place AUT-7K2M9Q",
	"grantkeep parse":              "echo '{\"platform\":\"shopee\",\"stage\":\"call\",\"status\":200,\"body\":\"{}\"}' | grantkeep parse",
	"grantkeep request":            "echo '{\"platform\":\"eleme\",\"do\":\"authorize\",\"app\":{\"app_key\":\"…\"},\"state\":\"…\"}' | grantkeep request",
	"grantkeep serve": "grantkeep serve --data /var/lib/grantkeep --public-url https://connect.example.com\n" +
		"GRANTKEEP_DATABASE=postgres://… grantkeep serve --data /var/lib/grantkeep --master-key /etc/grantkeep/master.key \\\n" +
		"  --public-url https://connect.example.com --api-url https://grants.example.net --console-url https://staff.example.net",
	"grantkeep user":           "grantkeep user list",
	"grantkeep user list":      "grantkeep user list --json",
	"grantkeep user passwd":    "grantkeep user passwd lin < password.txt",
	"grantkeep user remove":    "grantkeep user remove lin",
	"grantkeep verify":         "grantkeep verify < requests.ndjson",
	"grantkeep version":        "grantkeep version --json",
	"grantkeep webhook":        "grantkeep webhook list",
	"grantkeep webhook list":   "grantkeep webhook list --json",
	"grantkeep webhook remove": "grantkeep webhook remove $WEBHOOK",
	"grantkeep webhook replay": "grantkeep webhook replay $WEBHOOK --after 4711",
	"grantkeep webhook rotate": "grantkeep webhook rotate $WEBHOOK",
	"grantkeep webhook test":   "grantkeep webhook test $WEBHOOK",
}

// illustrate gives each command its example.
func illustrate(cmd *cobra.Command) {
	if text := examples[cmd.CommandPath()]; text != "" && cmd.Example == "" {
		cmd.Example = "  " + strings.ReplaceAll(text, "\n", "\n  ")
	}
	for _, c := range cmd.Commands() {
		illustrate(c)
	}
}
