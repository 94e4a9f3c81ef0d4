package gateway

import (
	"errors"
	"io"
	"sync"
)

const (
	bodiesMost  = 64 << 20 // of all bodies that are kept at once
	firstRoom   = 64 << 10
	streamsFrom = 1 << 20 // where the platform lets a body go by, a longer one is not kept
)

// ErrCrowded says that the bodies of other calls take all the memory that there is for bodies. It comes before anything
// is asked.
var ErrCrowded = errors.New("gateway: too many large bodies are on their way; send it again")

// bodies counts the memory of the bodies that are kept. Room is taken as a body arrives, not as it is announced: whoever
// announces much and sends nothing takes nothing from others.
type bodies struct {
	mu   sync.Mutex
	left int64
}

func (b *bodies) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

func (b *bodies) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
}

// Keep reads a body of at most most bytes within the budget that all bodies share, and returns it with the function that
// gives its room back. weight is how many times its size the work on it takes. The errors are ErrTooLarge, ErrCrowded,
// and those of reading.
func (g *Gateway) Keep(body io.Reader, length, most, weight int64) (content []byte, free func(), err error) {
	if length > most {
		return nil, nil, ErrTooLarge
	}
	k, err := g.bodies.read(body, length, most+1, weight)
	if err != nil {
		return nil, nil, err
	}
	if int64(len(k.bytes)) > most {
		k.free()
		return nil, nil, ErrTooLarge
	}
	return k.bytes, k.free, nil
}

// kept is a body in memory with the room that it takes.
type kept struct {
	bytes []byte
	room  int64
	from  *bodies
}

// free gives the room back.
func (k *kept) free() {
	k.from.give(k.room)
	k.room = 0
}

// read reads up to most bytes of a body whose length may be known (-1: it is not); each takes weight bytes of room.
func (b *bodies) read(body io.Reader, length, most, weight int64) (*kept, error) {
	k := &kept{from: b}
	if length >= 0 {
		most = min(most, length+1) // the byte more finds the end
	}
	for {
		if len(k.bytes) == cap(k.bytes) {
			room := min(max(2*int64(cap(k.bytes)), firstRoom), most)
			if !b.take(weight*room - k.room) {
				k.free()
				return nil, ErrCrowded
			}
			k.room = weight * room
			k.bytes = append(make([]byte, 0, room), k.bytes...)
		}
		n, err := body.Read(k.bytes[len(k.bytes):cap(k.bytes)])
		k.bytes = k.bytes[:len(k.bytes)+n]
		if errors.Is(err, io.EOF) || int64(len(k.bytes)) >= most {
			return k, nil
		}
		if err != nil {
			k.free()
			return nil, err
		}
	}
}
