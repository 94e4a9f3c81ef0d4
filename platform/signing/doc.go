// Package signing is the family of signatures that drivers share: a text made of a request's parts ([Pairs]), a digest
// of it with the app's secret ([Recipe]), and the proof of a signature that somebody else made with one of the app's
// secrets ([Recipe.Prove], [Prove]).
//
// What differs between platforms is data here: which hash, whether the secret is the key or a part of the text, and how
// the sum is written. What a platform signs stays with its driver.
package signing
