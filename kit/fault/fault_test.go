package fault_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
)

var errGone = fault.New(fault.NotFound, "gone", "It is gone.")

func TestCopiesMatchWhatTheyWereCopiedFrom(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk full")
	err := fmt.Errorf("reading: %w", errGone.WithDetail("no 7").With("id", 7).After(time.Second).Because(cause))

	if !errors.Is(err, errGone) || !errors.Is(err, cause) {
		t.Errorf("%v matches neither its fault nor its cause", err)
	}
	if errors.Is(err, fault.New(fault.NotFound, "other", "")) {
		t.Error("matches a fault with another code")
	}
	if errGone.Detail != "" || errGone.Members != nil || errGone.RetryAfter != 0 {
		t.Errorf("the declared fault was changed: %+v", errGone)
	}
}

func TestOfFindsNothingInAPlainError(t *testing.T) {
	t.Parallel()
	if f := fault.Of(errors.New("plain")); f != nil {
		t.Errorf("found %v", f)
	}
}

func TestRulesReportAllThatIsBroken(t *testing.T) {
	t.Parallel()
	var r fault.Rules
	r.Check(true, "/name", "is required")
	if err := r.Err(errGone); err != nil {
		t.Errorf("nothing is broken, and still: %v", err)
	}
	r.Check(false, "/size", "is required")
	r.Check(false, "/price", "must be above zero")
	if got := fault.Of(r.Err(errGone)).Broken; len(got) != 2 || got[1].Pointer != "/price" {
		t.Errorf("reported %v, want /size and /price", got)
	}
}
