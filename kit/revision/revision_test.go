package revision_test

import (
	"errors"
	"testing"

	"github.com/slippers-api/slippers/kit/revision"
)

func TestExpected(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from revision.Expected
		want error
	}{
		{nil, nil}, {revision.Expected{"1", "2"}, nil}, {revision.Expected{"1"}, revision.ErrStale}, {revision.Expected{}, revision.ErrStale},
	} {
		if err := tt.from.Check("2"); !errors.Is(err, tt.want) {
			t.Errorf("%v: %v, want %v", tt.from, err, tt.want)
		}
	}
}
