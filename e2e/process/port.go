package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// The ports that children get lie below those that systems give to outgoing connections: one of these could take a port
// between our looking and the child's listening.
const (
	firstPort = 20_000
	ports     = 12_000
)

// lastPort is where this process has come to. It begins anywhere, so that two launchers seldom meet.
var lastPort atomic.Uint32

func init() { lastPort.Store(rand.Uint32N(ports)) } //nolint:gosec // need not be secret

// FreePort returns a port of loopback that nobody listens on, and that this process has not given out for a long time.
func FreePort() (int, error) {
	for range ports {
		port := firstPort + int(lastPort.Add(1)%ports)
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port)) //nolint:noctx // it listens for no time at all
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("looking for a free port: there is none")
}
