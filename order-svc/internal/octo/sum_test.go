package octo_test

import (
	"strings"
	"testing"

	googleuuid "github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/octo"
)

// Whoever reads a payment learns the sum that OCTO tells of it, if it tells one.
func TestAReadTellsTheSum(t *testing.T) {
	t.Parallel()
	ours := googleuuid.MustParse(other)
	told := strings.Replace(created, id, ours.String(), 1)
	p := serve(t, nil, says(told), says(without(told, `,"total_sum":12000.0`)))
	for _, want := range []*money.Amount{new(money.Amount(1_200_000)), nil} {
		got, err := octo.Provider{Client: p.Client}.Read(t.Context(), ours)
		if err != nil || (got.Amount == nil) != (want == nil) || want != nil && *got.Amount != *want {
			t.Errorf("got %+v, %v, want %v", got, err, want)
		}
	}
}
