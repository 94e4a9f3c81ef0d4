package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// Keyboard is standard input, line by line, so that a command can wait for a line and for something else at once.
type Keyboard struct {
	in       io.Reader
	Terminal *os.File // nil: input is no terminal
	start    sync.Once
	lines    chan string // closed at the end of the input
}

// ErrNoInput ends a question that nobody is there to answer.
var ErrNoInput = errors.New("the input ended")

func NewKeyboard(in io.Reader) *Keyboard {
	k := &Keyboard{in: in, lines: make(chan string)}
	if f, ok := in.(*os.File); ok && IsTerminal(f) {
		k.Terminal = f
	}
	return k
}

// Read returns the lines of the input; the channel is closed at its end. The reader behind it lasts as long as the
// input: a read of a terminal cannot be called off.
func (k *Keyboard) Read() <-chan string {
	k.start.Do(func() {
		go func() {
			defer close(k.lines)
			r := bufio.NewReaderSize(io.LimitReader(k.in, 1<<20), 64<<10)
			for {
				line, err := r.ReadString('\n')
				if line != "" {
					k.lines <- strings.TrimRight(line, "\r\n")
				}
				if err != nil {
					return
				}
			}
		}()
	})
	return k.lines
}

// Ask asks on the terminal; the answer to a hidden question is not shown while it is typed.
func (k *Keyboard) Ask(ctx context.Context, w io.Writer, question string, hidden bool) (string, error) {
	if k.Terminal == nil {
		return "", ErrNoInput
	}
	if hidden {
		restore, err := hideInput(k.Terminal)
		if err != nil {
			return "", fmt.Errorf("the terminal cannot hide what is typed: %w; give the secret by --secret", err)
		}
		defer restore()
	}
	if _, err := fmt.Fprintf(w, "%s: ", question); err != nil {
		return "", err
	}
	select {
	case line, ok := <-k.Read():
		if hidden {
			_, _ = fmt.Fprintln(w) // the line end was not shown either
		}
		if !ok {
			return "", ErrNoInput
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
