//go:build !failpoint

package failpoint_test

import (
	"net/http"
	"testing"

	"github.com/slippers-api/slippers/kit/failpoint"
)

// What the points do, the journeys show, in builds that have them (e2e/journey/deaths_test.go).
func TestNothingIsLeftWithoutTheTag(t *testing.T) {
	t.Setenv("FAILPOINT", "before anything")
	if w := failpoint.Tracer(); w != nil {
		t.Errorf("a pool is watched by %v", w)
	}
	if w := failpoint.Transport(http.DefaultTransport); w != http.DefaultTransport {
		t.Errorf("calls are watched by %v", w)
	}
}
