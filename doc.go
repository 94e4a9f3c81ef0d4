// Package grantkeep holds the nouns of the product: what a grant is, who gave it, what it is made of and how it fails.
//
// The nouns depend on the standard library only, so nothing that they are written in can change them. They know no
// HTTP route, no SQL and no platform by name. Read them in this order: [App], [Authorization] and [Click], [Subject] and
// [Shop], [Token], [Grant], [Fault], [Event], [Viewer]; [Secret] and [Sealed] are what keeps a token from being printed.
package grantkeep
