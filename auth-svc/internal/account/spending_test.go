package account

import (
	"testing"

	"golang.org/x/crypto/bcrypt"
)

func TestAComparisonOfLowerCostIsTakenForOneOfTodays(t *testing.T) {
	t.Parallel()
	for cost := bcrypt.MinCost; cost <= 15; cost++ {
		work := 1 << cost
		for _, c := range lacking(cost, 12) {
			work += 1 << c
		}
		if want := 1 << max(cost, 12); work != want {
			t.Errorf("of cost %d: %d rounds, want %d", cost, work, want)
		}
	}
}

// What a stranger can measure: all of them must take as long.
func BenchmarkAWrongPassword(b *testing.B) {
	hashes := map[string]string{"of nobody": ""}
	for name, cost := range map[string]int{"of today's cost": 12, "of a lower cost": 8} {
		p, err := NewPasswords(PasswordConfig{Scheme: Bcrypt, BcryptCost: cost})
		if err != nil {
			b.Fatal(err)
		}
		if hashes[name], err = p.Hash(b.Context(), "right"); err != nil {
			b.Fatal(err)
		}
	}
	p, err := NewPasswords(PasswordConfig{Scheme: Bcrypt, BcryptCost: 12})
	if err != nil {
		b.Fatal(err)
	}
	for name, hash := range hashes {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if ok, _, err := p.Match(b.Context(), hash, "wrong"); ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
