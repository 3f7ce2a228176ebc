// Package revision lets a change start only from what its client has read, so that it undoes nobody else's.
package revision

import (
	"slices"

	"github.com/slippers-api/slippers/kit/fault"
)

// ErrStale is returned for a change of something that is not any more as the client last read it.
var ErrStale = fault.New(fault.Stale, "precondition-failed", "It was changed since you read it.")

// Expected are the revisions of a thing that a change may start from. nil allows any.
type Expected []string

// Check returns ErrStale unless a change may start from revision.
func (e Expected) Check(revision string) error {
	if e != nil && !slices.Contains(e, revision) {
		return ErrStale
	}
	return nil
}
