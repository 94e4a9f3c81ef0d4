package offline_test

import (
	"fmt"
	"os"
	"strings"

	"github.com/grantkeep/grantkeep/offline"
	"github.com/grantkeep/grantkeep/platform"
	"github.com/grantkeep/grantkeep/platform/shoplazza"
)

func ExampleRun() {
	in := strings.NewReader(`{"platform":"shoplazza","stage":"call","status":200,"body":"{}"}
{"platform":"shoplazza","stage":"token","status":503,"body":"<html>"}
`)
	failed, err := offline.Run([]platform.Driver{shoplazza.New()}, "parse", false, in, os.Stdout)
	fmt.Println(failed, err)
	// Output:
	// {"ok":true}
	// {"unknown":true,"why":"answer cannot be read: HTTP status 503"}
	// false <nil>
}
