// Package answer is the family that reads a platform's token answers, strictly and alike for every driver.
//
// A refresh token is spent once, so what an answer brings is stored in place of what bought it. An answer that is
// damaged, that says a thing twice, whose token no request could carry or whose end cannot be is therefore neither a
// pair nor a refusal: reading it gives a *platform.Garbled, the outcome stays unknown, and the old pair is kept.
//
// [Check] sorts out what is no answer of the platform's application at all, [Read] takes the object apart, [Object.Pair]
// reads the tokens, and [Object.Left], [Object.Moment] and [Object.End] read when they end.
package answer
