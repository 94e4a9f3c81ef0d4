// Package api is the HTTP API: routes, keys, the JSON forms of the nouns, and the problems that errors become.
//
// A request passes, in this order: the face (door/face.go: host, encoding, panics, the access log), the route's guard (the
// key, its scope), the check of query and body against the Go types that the OpenAPI document is made from, and the
// handler, which asks the keeper or the store as the key's viewer. What a viewer may not see does not exist: the answer
// is 404, never 403. Errors of the floors below become problems in one place, package problem.
//
// No token appears in any answer but that of the token routes, and no app secret in any.
package api
