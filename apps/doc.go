// Package apps holds our registered applications: what they are made of, which secrets they have, what closes them, and
// the noun that everybody above works with: one application, opened for use. Read its files in this order:
//
//	apps.go     the registry
//	change.go   an application is made and changed (input.go: what is wrong with one; subject.go: whom a person names)
//	secrets.go  its secrets, sealed (returnkey.go: the key that signs the way back)
//	open.go     it is opened for use: driver, settings, refresh facts
//	ask.go      a driver builds a request, the gate sends it, the driver reads the answer (drive.go: a driver may break down)
//	inspect.go  the platform is asked about a credential
//	broken.go   it cannot be opened
//	stop.go     an administrator has stopped it
//	clock.go    what it has to do in time
//	check.go    whether it can work
package apps
