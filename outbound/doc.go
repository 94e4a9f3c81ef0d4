// Package outbound is the one gate to the network: every request that leaves the program goes through a [Gate].
//
// The rules, in the order in which they are asked:
//   - the scheme is https, or the host is named in [Options].Allow, which only the start of the process can fill;
//   - the [Policy] of the caller allows the host;
//   - the address is public, or the host is named in [Options].Allow. It is looked at when the socket is made, on every
//     dial, so that a name which resolves differently the second time gains nothing;
//   - no redirect is followed, no proxy is taken from the environment, no cookie is kept, TLS is 1.2 or newer and verified;
//   - headers, body (after decompression) and time have an end.
//
// What went wrong is told by three errors, which decide what becomes of a one-time token: [ErrNotSent] (no byte of the
// request was written, [ErrForbidden] among them) and [ErrNoAnswer] (something was written; what came of it is unknown). They
// rest on counted bytes, not on guesses from the kind of failure. No error holds an address, a query or a body: platforms
// put tokens into all three.
//
// Behind a configured proxy the names are resolved by the proxy, and so the check of addresses is its duty.
package outbound
