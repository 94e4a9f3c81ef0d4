package shell

import (
	"fmt"
	"io"
	"os"
)

// Watched returns a reader that tells on a terminal how much of it has been read; to anything else nothing is told.
func Watched(tell io.Writer, what string, r io.Reader) io.Reader {
	f, ok := tell.(*os.File)
	if !ok || !IsTerminal(f) {
		return r
	}
	return &watched{r: r, tell: f, what: what}
}

type watched struct {
	r           io.Reader
	tell        io.Writer
	what        string
	read, shown int64
}

// showEvery is how many bytes come between two lines that are drawn.
const showEvery = 64 << 10

// Read reads, and draws over its own line.
func (w *watched) Read(p []byte) (n int, err error) {
	n, err = w.r.Read(p)
	w.read += int64(n)
	if w.read-w.shown >= showEvery {
		w.shown = w.read
		_, _ = fmt.Fprintf(w.tell, "\r%d KiB %s", w.read>>10, w.what) // a broken terminal stops nothing
	}
	if err != nil && w.shown > 0 {
		_, _ = fmt.Fprintf(w.tell, "\r%d KiB %s\n", w.read>>10, w.what) // as above
	}
	return n, err
}
