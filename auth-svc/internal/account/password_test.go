package account_test

import (
	"context"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
)

func passwords(t *testing.T, scheme string, cost int) *account.Passwords {
	t.Helper()
	p, err := account.NewPasswords(account.PasswordConfig{Scheme: scheme, BcryptCost: cost})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPasswordsMatchThemselvesOnly(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("шлёпанцы", 16) // 128 characters in 240 bytes, of which bcrypt alone would read 72
	for _, scheme := range []string{account.Bcrypt, account.Argon2id} {
		p := passwords(t, scheme, bcrypt.MinCost)
		hash, err := p.Hash(t.Context(), long)
		if err != nil {
			t.Fatal(err)
		}
		again, err := p.Hash(t.Context(), long)
		if err != nil || again == hash {
			t.Errorf("%s: two hashes of one password are equal, %v", scheme, err)
		}
		for password, want := range map[string]bool{long: true, long[:len(long)-2] + "и": false, long + " ": false, "": false} {
			if ok, outdated, err := p.Match(t.Context(), hash, password); ok != want || outdated || err != nil {
				t.Errorf("%s: %q matches: %v, outdated %v, %v", scheme, password, ok, outdated, err)
			}
		}
		if ok, _, err := p.Match(t.Context(), "", long); ok || err != nil {
			t.Errorf("%s: nobody has the password: %v, %v", scheme, ok, err)
		}
	}
}

func TestHashesOfAnotherConfigurationAreOutdated(t *testing.T) {
	t.Parallel()
	cheap, dear := passwords(t, account.Bcrypt, bcrypt.MinCost), passwords(t, account.Bcrypt, bcrypt.MinCost+1)
	argon := passwords(t, account.Argon2id, bcrypt.MinCost)
	for name, tt := range map[string]struct {
		made, used *account.Passwords
		outdated   bool
	}{
		"same": {cheap, cheap, false}, "another cost": {cheap, dear, true}, "to argon2id": {cheap, argon, true}, "from argon2id": {argon, cheap, true},
	} {
		hash, err := tt.made.Hash(t.Context(), "long enough")
		if err != nil {
			t.Fatal(err)
		}
		if ok, outdated, err := tt.used.Match(t.Context(), hash, "long enough"); !ok || outdated != tt.outdated || err != nil {
			t.Errorf("%s: matches %v, outdated %v, %v", name, ok, outdated, err)
		}
	}
}

func TestPasswordsWaitNoLongerThanTheCaller(t *testing.T) {
	t.Parallel()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	p := passwords(t, account.Bcrypt, bcrypt.MinCost)
	if _, err := p.Hash(gone, "x"); err == nil {
		t.Error("hashed for nobody")
	}
	if _, _, err := p.Match(gone, "", "x"); err == nil {
		t.Error("compared for nobody")
	}
}

func TestSenselessPasswordConfigurationIsRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []account.PasswordConfig{
		{Scheme: "md5", BcryptCost: 12}, {Scheme: account.Bcrypt, BcryptCost: 3}, {Scheme: account.Bcrypt, BcryptCost: 32},
	} {
		if _, err := account.NewPasswords(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
	p := passwords(t, account.Bcrypt, bcrypt.MinCost)
	for _, hash := range []string{"plain", "$2a$12$abc", "$argon2id$v=19$m=19456,t=2,p=1$!$!"} {
		if ok, _, err := p.Match(t.Context(), hash, "plain"); ok || err == nil {
			t.Errorf("%s: matches %v, %v", hash, ok, err)
		}
	}
}
