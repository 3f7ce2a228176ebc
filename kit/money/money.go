// Package money holds amounts of money as integers of the smallest unit, from the JSON decoder to the column.
//
// No amount passes through a float on its way. There is one currency for a shop, so an Amount does not name it.
package money

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Amount is a number of minor units (tiyin for UZS). In JSON it is a number of major units with two decimals.
type Amount int64

// ErrFormat says that a text is not an amount.
var ErrFormat = errors.New("must be a number with at most two decimals")

// Parse reads major units with at most two decimals and no exponent: "129000", "129000.5", "129000.50".
// It returns ErrFormat for anything else, and for what int64 does not hold.
func Parse(s string) (Amount, error) {
	digits, negative := strings.CutPrefix(s, "-")
	whole, fraction, dotted := strings.Cut(digits, ".")
	if whole == "" || len(fraction) > 2 || dotted && fraction == "" {
		return 0, ErrFormat
	}
	all := whole + (fraction + "00")[:2]
	for _, c := range []byte(all) {
		if c < '0' || c > '9' {
			return 0, ErrFormat
		}
	}
	n, err := strconv.ParseInt(all, 10, 64)
	if err != nil {
		return 0, ErrFormat
	}
	if negative {
		n = -n
	}
	return Amount(n), nil
}

// String returns major units with two decimals.
func (a Amount) String() string {
	sign, n := "", uint64(a) //nolint:gosec // its sign is looked at next
	if a < 0 {
		sign, n = "-", uint64(-a)
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// MarshalJSON writes the amount as a JSON number.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON reads a JSON number; it returns ErrFormat for a string or any other value.
func (a *Amount) UnmarshalJSON(b []byte) error {
	n, err := Parse(string(b))
	if err != nil {
		return err
	}
	*a = n
	return nil
}

// UnmarshalText reads major units, as the configuration has them.
func (a *Amount) UnmarshalText(b []byte) error { return a.UnmarshalJSON(b) }

// Times returns a for each of n pieces, and false when that is more than an Amount holds.
func (a Amount) Times(n int64) (Amount, bool) {
	if a < 0 || n < 0 || a != 0 && n > math.MaxInt64/int64(a) {
		return 0, false
	}
	return a * Amount(n), true
}
