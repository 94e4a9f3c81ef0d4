package outbound_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
)

// resolver returns a resolver that answers each question for an address with what answer returns; it asks nobody.
func resolver(answer func(name string) []netip.Addr) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go speakDNS(ours, answer)
		return theirs, nil
	}}
}

// speakDNS answers one question in the framing of DNS over TCP.
func speakDNS(c net.Conn, answer func(name string) []netip.Addr) {
	defer c.Close()
	var size [2]byte
	if _, err := io.ReadFull(c, size[:]); err != nil {
		return
	}
	question := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(c, question); err != nil {
		return
	}
	end, name := 12, ""
	for question[end] != 0 {
		length := int(question[end])
		name += string(question[end+1:end+1+length]) + "."
		end += 1 + length
	}
	kind := binary.BigEndian.Uint16(question[end+1:])

	var count uint16
	var records []byte
	for _, addr := range answer(name) {
		data := addr.AsSlice()
		if addr.Is4() != (kind == 1) || addr.Is6() != (kind == 28) {
			continue
		}
		count++
		records = append(records, 0xc0, 12) // the name of the question
		records = binary.BigEndian.AppendUint16(records, kind)
		records = append(records, 0, 1, 0, 0, 0, 0) // class, time to live
		records = binary.BigEndian.AppendUint16(records, uint16(len(data)))
		records = append(records, data...)
	}
	reply := append([]byte{}, question[:2]...)
	reply = append(reply, 0x81, 0x80, 0, 1)
	reply = binary.BigEndian.AppendUint16(reply, count)
	reply = append(reply, 0, 0, 0, 0)
	reply = append(reply, question[12:end+5]...)
	reply = append(reply, records...)
	_, _ = c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)) // A resolver that left needs no answer.
}
