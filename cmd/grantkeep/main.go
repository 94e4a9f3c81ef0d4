// Command grantkeep is the whole product in one binary: the server, the simulators, the demo, and the commands that
// people and scripts use. Its rooms are the only place that names concrete databases and the list of platforms.
package main

import "github.com/grantkeep/grantkeep/cmd/grantkeep/program"

// version and commit are set by the build of a release.
var version, commit = "development", ""

func main() { program.Main(version, commit) }
