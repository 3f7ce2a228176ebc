package limit_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// peersName is what a dns knows. It ends the name, so that no search domain of this machine is tried.
const peersName = "gateway-peers.shop.svc.test."

// here is the one address that every machine has.
var here = [4]byte{127, 0, 0, 1}

// dns is a server. Nobody else may reach it, so that it can stand in a bubble of synctest.
type dns struct {
	t  *testing.T
	mu sync.Mutex
	answers
}

// answers are what it says from now on.
type answers struct {
	v4           [][4]byte
	v6           [][16]byte
	code4, code6 dnsmessage.RCode
	never        bool // it takes questions, and that is all
}

// peers are n processes, of which this is the first.
func peers(n int) answers {
	a := answers{v4: [][4]byte{here}}
	for i := range n - 1 {
		a.v4 = append(a.v4, [4]byte{192, 0, 2, byte(i)})
	}
	return a
}

func (d *dns) say(a answers) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers = a
}

// dial connects to it, as over TCP.
func (d *dns) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go d.serve(server)
	return client, nil
}

func (d *dns) serve(conn net.Conn) {
	defer conn.Close()
	for {
		var size uint16
		if binary.Read(conn, binary.BigEndian, &size) != nil {
			return
		}
		question := make([]byte, size)
		if _, err := io.ReadFull(conn, question); err != nil {
			return
		}
		answer := d.answer(question)
		if answer == nil {
			continue
		}
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

func (d *dns) answer(question []byte) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		d.t.Errorf("reading a question: %v", err)
	}
	if d.never {
		return nil
	}
	m.Response, m.Additionals = true, nil
	q := m.Questions[0]
	if q.Name.String() != peersName {
		d.t.Errorf("asked for %s", q.Name)
	}
	head := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 5}
	if q.Type == dnsmessage.TypeA {
		m.RCode = d.code4
		for _, a := range d.v4 {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AResource{A: a}})
		}
	} else {
		m.RCode = d.code6
		for _, a := range d.v6 {
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: head, Body: &dnsmessage.AAAAResource{AAAA: a}})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		d.t.Errorf("writing an answer: %v", err)
	}
	return packed
}
