package catalog

import (
	"strconv"
	"strings"

	"github.com/slippers-api/slippers/kit/fault"
)

const (
	spicDigits    = 17
	packageDigits = 20 // at most
)

// Fiscal is what a fiscal receipt says about a slipper: all of it, or the payment provider makes no receipt. The zero
// Fiscal is none.
type Fiscal struct {
	SPIC        string `json:"spic"`         // of the national catalogue of goods
	PackageCode string `json:"package_code"` // of what one piece is packed in, in the same catalogue
	VAT         *bool  `json:"vat"`          // whether it is due
}

// check adds the rules that f breaks.
func (f Fiscal) check(r *fault.Rules) {
	r.Check(len(f.SPIC) == spicDigits && digits(f.SPIC), "/fiscal/spic", "must have "+strconv.Itoa(spicDigits)+" digits")
	r.Check(len(f.PackageCode) >= 1 && len(f.PackageCode) <= packageDigits && digits(f.PackageCode), "/fiscal/package_code",
		"must have 1 to "+strconv.Itoa(packageDigits)+" digits")
	r.Check(f.VAT != nil, "/fiscal/vat", "must be true or false")
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// asked returns f as a person meant it, or nil for none.
func (f Fiscal) asked() *Fiscal {
	f.SPIC, f.PackageCode = strings.TrimSpace(f.SPIC), strings.TrimSpace(f.PackageCode)
	if f == (Fiscal{}) {
		return nil
	}
	return &f
}
