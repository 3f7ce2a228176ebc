package catalog_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// broken returns the pointers that a fault names.
func broken(err error) string {
	var all []string
	if f := fault.Of(err); f != nil {
		for _, b := range f.Broken {
			all = append(all, b.Pointer)
		}
	}
	return strings.Join(all, " ")
}

func TestSlipperRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change catalog.SlipperChange
		want   string
	}{
		"sound":            {catalog.SlipperChange{}, ""},
		"longest name":     {catalog.SlipperChange{Name: new(strings.Repeat("ш", 200))}, ""},
		"name too long":    {catalog.SlipperChange{Name: new(strings.Repeat("ш", 201))}, "/name"},
		"blank name":       {catalog.SlipperChange{Name: new(" \t")}, "/name"},
		"longest size":     {catalog.SlipperChange{Size: new(strings.Repeat("3", 20))}, ""},
		"size too long":    {catalog.SlipperChange{Size: new(strings.Repeat("3", 21))}, "/size"},
		"free":             {catalog.SlipperChange{Price: new(money.Amount(0))}, "/price"},
		"dearest":          {catalog.SlipperChange{Price: new(money.Amount(1_000_000_000_000))}, ""},
		"too dear":         {catalog.SlipperChange{Price: new(money.Amount(1_000_000_000_001))}, "/price"},
		"none left":        {catalog.SlipperChange{Quantity: new(int64(0))}, ""},
		"less than none":   {catalog.SlipperChange{Quantity: new(int64(-1))}, "/quantity"},
		"too many":         {catalog.SlipperChange{Quantity: new(int64(1_000_001))}, "/quantity"},
		"without category": {catalog.SlipperChange{CategoryID: new(int64(0))}, ""},
		"negative":         {catalog.SlipperChange{CategoryID: new(int64(-1))}, "/category_id"},
		"fiscal":           {catalog.SlipperChange{Fiscal: &catalog.Fiscal{SPIC: " 06404001001000000 ", PackageCode: "1", VAT: new(false)}}, ""},
		"fiscal, not":      {catalog.SlipperChange{Fiscal: &catalog.Fiscal{SPIC: " "}}, ""},
		"fiscal, VAT only": {catalog.SlipperChange{Fiscal: &catalog.Fiscal{VAT: new(true)}}, "/fiscal/spic /fiscal/package_code"},
		"fiscal, no VAT":   {catalog.SlipperChange{Fiscal: &catalog.Fiscal{SPIC: "06404001001000000", PackageCode: strings.Repeat("9", 20)}}, "/fiscal/vat"},
		"fiscal, longer":   {catalog.SlipperChange{Fiscal: &catalog.Fiscal{SPIC: "064040010010000000", PackageCode: strings.Repeat("9", 21), VAT: new(true)}}, "/fiscal/spic /fiscal/package_code"},
		"fiscal, letters":  {catalog.SlipperChange{Fiscal: &catalog.Fiscal{SPIC: "0640400100100000a", PackageCode: "١", VAT: new(true)}}, "/fiscal/spic /fiscal/package_code"},
		"all at once": {
			catalog.SlipperChange{Name: new(""), Size: new(""), Price: new(money.Amount(-1)), Quantity: new(int64(-1)), CategoryID: new(int64(-1))},
			"/name /size /price /quantity /category_id",
		},
	}
	for name, tt := range tests {
		s, err := tt.change.Apply(catalog.Slipper{Name: "Felt", Size: "38", Price: 100, Quantity: 4, CategoryID: new(int64(3))})
		if broken(err) != tt.want || (err != nil) != (tt.want != "") {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
		if s.CategoryID != nil && *s.CategoryID == 0 {
			t.Errorf("%s: is in category 0", name)
		}
		if err == nil && (s.Fiscal != nil) != (name == "fiscal") {
			t.Errorf("%s: the receipt says %+v", name, s.Fiscal)
		}
	}
}

func TestWantedSumsAndSortsItsLines(t *testing.T) {
	t.Parallel()
	now := time.Now()
	line := func(slipper, quantity int64) catalog.Line {
		return catalog.Line{SlipperID: slipper, Quantity: quantity}
	}
	w, err := catalog.NewWanted(uuid.New(), now.Add(time.Hour), []catalog.Line{line(9, 1), line(2, 3), line(9, 4)}, now)
	if err != nil || !slices.Equal(w.Lines, []catalog.Line{line(2, 3), line(9, 5)}) {
		t.Errorf("got %+v, %v", w.Lines, err)
	}
	for want, tt := range map[string]struct {
		hold  time.Duration
		lines []catalog.Line
	}{
		"/expires_at":                           {24*time.Hour + time.Second, []catalog.Line{line(1, 1)}},
		"/lines":                                {time.Hour, nil},
		"/lines/1/slipper_id /lines/1/quantity": {24 * time.Hour, []catalog.Line{line(1, 1), line(0, 0)}},
		"/lines/0/quantity":                     {-time.Hour, []catalog.Line{line(1, 1_000_001)}},
	} {
		if _, err := catalog.NewWanted(uuid.New(), now.Add(tt.hold), tt.lines, now); broken(err) != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestThePrimaryImageCannotBeToldToStop(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		was    bool
		change *bool
		sound  bool
	}{
		{true, nil, true}, {true, new(true), true}, {true, new(false), false}, {false, new(true), true}, {false, new(false), true},
	} {
		got, err := catalog.ImageChange{IsPrimary: tt.change}.Apply(catalog.Image{IsPrimary: tt.was})
		if (err == nil) != tt.sound || tt.sound && tt.change != nil && got.IsPrimary != *tt.change {
			t.Errorf("%v to %v: %+v, %v", tt.was, tt.change, got, err)
		}
	}
}
