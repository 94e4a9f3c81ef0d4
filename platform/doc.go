// Package platform is the first seam: what the engine asks of a platform's driver, and the data that a driver comes with.
//
// A [Driver] turns our words into one platform's protocol and back. It is pure: it builds requests and reads answers;
// it does no I/O, has no clock, no randomness and no state. The engine sends each [Request] once, to an allowed host,
// without following redirects, and hands the [Reply] back. What a platform can do beyond the seven methods, a driver
// says by implementing one of the nine powers ([Refresher], [Inspector], [Census], [Subscriber], [Receiver], [Puller],
// [Starter], [Revoker], [Verifier]); the engine finds them by assertion.
//
// Facts are data. Endpoints, lifetimes, limits, settings and hosts stand in the driver's platform.toml ([Facts]), its
// error texts in faults.csv ([Catalogue]); both are embedded in the driver, read strictly, and name their sources. No
// host, lifetime or error code of a platform stands in a driver's Go; a path may.
//
// Duties of a driver:
//   - honour [App].Now and [App].Nonce; never ask for the time or for chance;
//   - build every address with [App.Base], at every use, which refuses a host that the facts do not allow;
//   - return a *grantkeep.Fault for a refusal only, and [ErrGarbage] (see [Garbled]) for anything it cannot read: an
//     answer that is neither a pair nor a refusal leaves the outcome unknown, and a 5xx always does;
//   - never put a secret into an error or into Asked.Sent;
//   - write [Request].SignedText as it is signed, with the app's secret masked. An access token stays: the request carries
//     it in clear beside that text, and a text without it could not be compared with what somebody else signed.
package platform
