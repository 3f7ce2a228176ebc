package money_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/slippers-api/slippers/kit/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want money.Amount
		err  error
	}{
		"whole":              {"129000", 12_900_000, nil},
		"one decimal":        {"0.5", 50, nil},
		"two decimals":       {"19.99", 1999, nil},
		"negative":           {"-0.01", -1, nil},
		"greatest":           {"92233720368547758.07", math.MaxInt64, nil},
		"too great":          {"92233720368547758.08", 0, money.ErrFormat},
		"three decimals":     {"1.001", 0, money.ErrFormat},
		"exponent":           {"1e400", 0, money.ErrFormat},
		"not a number":       {"NaN", 0, money.ErrFormat},
		"text":               {`"12"`, 0, money.ErrFormat},
		"nothing":            {"", 0, money.ErrFormat},
		"point and no digit": {"1.", 0, money.ErrFormat},
		"sign inside":        {"1.-1", 0, money.ErrFormat},
		"two signs":          {"--1", 0, money.ErrFormat},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := money.Parse(tt.in)
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Parse(%q) = %d, %v, want %d, %v", tt.in, got, err, tt.want, tt.err)
			}
		})
	}
}

func FuzzAmountSurvivesJSON(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 99, 100, math.MaxInt64, math.MinInt64 + 1} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		if n == math.MinInt64 {
			return // has no positive twin, and no shop has that debt
		}
		b, err := json.Marshal(money.Amount(n))
		if err != nil {
			t.Fatal(err)
		}
		var back money.Amount
		if err := json.Unmarshal(b, &back); err != nil || int64(back) != n {
			t.Errorf("%d became %s became %d, %v", n, b, back, err)
		}
	})
}

func TestTimesRefusesToOverflow(t *testing.T) {
	t.Parallel()
	if got, ok := money.Amount(199).Times(500); !ok || got != 99_500 {
		t.Errorf("199 x 500 = %d, %t", got, ok)
	}
	if got, ok := money.Amount(math.MaxInt64 / 2).Times(3); ok {
		t.Errorf("an overflow gave %d", got)
	}
}
