package elemesim_test

import (
	"strconv"
	"time"
)

// time returns the simulated time.
func (w *world) time() time.Time {
	w.Helper()
	text, _ := w.do("GET", "/clock", nil)["now"].(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		w.Fatal(err)
	}
	return at
}

// now returns the simulated time in seconds.
func (w *world) now() string { return strconv.FormatInt(w.time().Unix(), 10) }
