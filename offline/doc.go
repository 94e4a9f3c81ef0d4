// Package offline is a driver's pure half, ready for people: the exact request of a step ([Request]), the verdict on an
// incoming one ([Verify]) and the meaning of an answer ([Parse]). The fourth command, explain, is package explain.
//
// These functions take a driver and an opened app, so that the API and the console use what the shell uses. [Run]
// is the shell's form: one JSON object per line in, one per line out, in the same order. Nothing here has a network, a
// database or a clock of its own.
package offline
