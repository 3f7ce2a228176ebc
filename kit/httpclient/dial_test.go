package httpclient

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

// crowded listens, and has no room for one connection more: the kernel answers nobody who asks for one. accept makes room.
func crowded(t *testing.T) (address string, accept func()) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	v4, ok := at.(*syscall.SockaddrInet4)
	if !ok {
		t.Fatalf("it listens at a %T", at)
	}
	address = netip.AddrPortFrom(netip.AddrFrom4(v4.Addr), uint16(v4.Port)).String()
	first, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.Close() })
	return address, func() {
		c, _, err := syscall.Accept(fd)
		if err != nil {
			t.Error(err)
			return
		}
		t.Cleanup(func() { _ = syscall.Close(c) })
	}
}

// tried counts the tries, and tells before each which one it is.
func tried(each func(n int)) *tries {
	n := 0
	return &tries{most: 4, Dialer: net.Dialer{Timeout: 100 * time.Millisecond, Control: func(string, string, syscall.RawConn) error {
		n++
		each(n)
		return nil
	}}}
}

func TestAConnectionThatNobodyAnswersIsTriedAgain(t *testing.T) {
	t.Parallel()
	address, accept := crowded(t)
	last := 0
	c, err := tried(func(n int) {
		if last = n; n == 3 {
			accept()
		}
	}).DialContext(t.Context(), "tcp", address)
	if err != nil || last < 3 {
		t.Fatalf("try %d of 4, with room from the third on: %v", last, err)
	}
	_ = c.Close()
}

func TestAConnectionThatNobodyEverAnswersIsGivenUp(t *testing.T) {
	t.Parallel()
	address, _ := crowded(t)
	last := 0
	if _, err := tried(func(n int) { last = n }).DialContext(t.Context(), "tcp", address); err == nil || last != 4 {
		t.Errorf("after try %d: %v", last, err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := tried(func(n int) {
		if last = n; n == 2 {
			cancel()
		}
	}).DialContext(ctx, "tcp", address); err == nil || last != 2 {
		t.Errorf("ended during the second try, there were %d: %v", last, err)
	}
}
