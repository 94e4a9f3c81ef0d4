// Package sim is the kit that platforms in a box are made of.
//
// A simulator is the second witness beside a driver: it is written from the platform's documents alone, never by
// looking at the driver, and imports this package and the standard library only. What all platforms share is here:
// one movable [Clock], switches ([Switches]), faults on demand ([Faults]), the log of requests ([Calls]), who holds
// which token ([Ledger]), apps and shops ([Apps], [Shops]), pages that a merchant sees ([Page]), pushes with their
// retries ([Pushes]), and the server around it all ([Start], or [New] without sockets).
//
// # How to write a simulator
//
// A simulator is a type that implements [Simulator], made by a function of the type [Maker]:
//
//	func New(kit *sim.Kit, rows []sim.Row) sim.Simulator {
//		s := &simulator{kit: kit, rows: rows}
//		s.codeLife = kit.Options.Duration("code_life", 10*time.Minute, "How long a code can be exchanged.")
//		s.mux.HandleFunc("GET /authorize", s.authorize)
//		s.mux.HandleFunc("POST /token", s.token)
//		s.AddApp(sim.Settings{})               // one app and a few shops to begin with
//		s.AddShops(sim.ShopOrder{Count: 3})
//		return s
//	}
//
// The kit calls a simulator with one request at a time, so it needs no locks; in return a handler never waits for
// anything. The kit has read the request's body whole (r.Body can be read again after Identify) and keeps what the
// handler writes until it has returned.
//
//   - Time is kit.Now(), never time.Now. [Kit.Near] judges a signed timestamp, as the switch "timestamps" says.
//   - Identify names the stage of a request (authorize, token, refresh, call, push), the platform's id of the app and
//     the subject's id, as far as the request tells before it is believed. Faults on demand are matched with it.
//   - A handler that refuses says why: kit.Call(r).Refuse("refresh token is spent"). Without a word the answer's status
//     decides. A handler that learns subject or app later sets them: kit.Call(r).About(app, subject).
//   - Say answers a request with a row of the catalogue in the platform's own shape: the same function by which the
//     handlers themselves refuse. A row's Example is the text to say; where it is empty the platform sends none.
//   - Pages are values: kit.Show(w, r, sim.Page{…}) writes the HTML form, and the control call "consent" fills the
//     same value in without a browser. The fields that it knows are [FieldAccount], [FieldShops] and the buttons named
//     [FieldDecision] (approve, deny). A redirect to another host ends it: that is the callback.
//   - Codes and pairs live in kit.Ledger. A [Rotation] says what becomes of the pair before; [Ledger.AccessState] and [Ledger.RefreshState] apply it.
//     What a platform has beside (order records, windows, sub-accounts) a simulator keeps itself, or in Data.
//   - Revoke ends what a merchant gave: mark the pairs in the ledger and queue the push with kit.Pushes.Send.
//
// Credentials are made up and random for each run ([Random], [Digits]).
package sim
