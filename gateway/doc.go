// Package gateway is the use of a grant: it signs a call, or sends it and passes the answer on, says what went wrong, and
// sends it once more after a refresh where that helps.
//
// A call goes this way:
//
//	who asks?     the grant exists for the viewer and has something to sign with   keeper.Use
//	may it?       its operation or path is the grant's, no name in it is ours      check.go, the driver
//	sign          identifiers, token, time and signature are added                 the driver
//	pace          within the platform's buckets and the pauses it asked for        pace.go
//	send          to the platform's hosts only                                     keeper.Forward
//	diagnose      an answer that may be a failure is read and looked up            answer.go
//	once more     the token was refused: refresh, sign, send                         forward.go
//	pass on       status, headers, body and trailers, as they come                 answer.go
//
// A call is shaped by its caller. So a refused one changes nothing about the grant: where a refresh does not help, the
// keeper is told of the suspicion and asks the platform itself.
//
// Nothing here logs an address, a header or a body: tokens travel in all three.
package gateway
