// Package explain says a fault in words: what it means and what to do, in three languages, whoever said it. [Explain]
// starts from what somebody has in hand (a code, words, a raw answer, a pasted address), [Describe] from a fault that a
// driver or the engine has made.
//
// It needs no network, no database and no clock of its own; a platform's catalogue and facts decide, by data.
package explain
