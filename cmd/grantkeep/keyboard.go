package main

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

// keyboard is standard input, line by line, so that a command can wait for a line and for something else at once.
type keyboard struct {
	in       io.Reader
	terminal *os.File // nil: input is no terminal
	start    sync.Once
	lines    chan string // closed at the end of the input
}

// errNoInput ends a question that nobody is there to answer.
var errNoInput = errors.New("the input ended")

func newKeyboard(in io.Reader) *keyboard {
	k := &keyboard{in: in, lines: make(chan string)}
	if f, ok := in.(*os.File); ok && isTerminal(f) {
		k.terminal = f
	}
	return k
}

// read returns the lines of the input; the channel is closed at its end. The reader behind it lasts as long as the
// input: a read of a terminal cannot be called off.
func (k *keyboard) read() <-chan string {
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

// ask asks on the terminal; the answer to a hidden question is not shown while it is typed.
func (k *keyboard) ask(ctx context.Context, w io.Writer, question string, hidden bool) (string, error) {
	if k.terminal == nil {
		return "", errNoInput
	}
	if hidden {
		restore, err := hideInput(k.terminal)
		if err != nil {
			return "", fmt.Errorf("the terminal cannot hide what is typed: %w; give the secret by --secret", err)
		}
		defer restore()
	}
	if _, err := fmt.Fprintf(w, "%s: ", question); err != nil {
		return "", err
	}
	select {
	case line, ok := <-k.read():
		if hidden {
			_, _ = fmt.Fprintln(w) // the line end was not shown either
		}
		if !ok {
			return "", errNoInput
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
