package token_test

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/slippers-api/slippers/kit/token"
)

var cfg = token.Config{Issuer: "slippers", Audience: "slippers"}

func sound() token.Claims {
	return token.Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: "slippers", Audience: jwt.ClaimStrings{"slippers"}, Subject: "42", ID: "j",
			IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Minute)),
		},
		SessionID: "s", Name: "Aziza Karimova", Admin: true,
	}
}

func sign(t *testing.T, method jwt.SigningMethod, key any, typ string, claims jwt.Claims) string {
	t.Helper()
	tok := jwt.NewWithClaims(method, claims)
	tok.Header["typ"] = typ
	raw, err := tok.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestVerify(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := token.NewVerifierWith(cfg, func(*jwt.Token) (any, error) { return public, nil })
	with := func(change func(*token.Claims)) string {
		c := sound()
		change(&c)
		return sign(t, jwt.SigningMethodEdDSA, private, token.Type, c)
	}
	tests := map[string]struct {
		raw   string
		sound bool
	}{
		"sound":              {with(func(*token.Claims) {}), true},
		"expired":            {with(func(c *token.Claims) { c.ExpiresAt = jwt.NewNumericDate(time.Now().Add(-time.Minute)) }), false},
		"never expires":      {with(func(c *token.Claims) { c.ExpiresAt = nil }), false},
		"another issuer":     {with(func(c *token.Claims) { c.Issuer = "them" }), false},
		"another audience":   {with(func(c *token.Claims) { c.Audience = jwt.ClaimStrings{"them"} }), false},
		"from the future":    {with(func(c *token.Claims) { c.IssuedAt = jwt.NewNumericDate(time.Now().Add(time.Hour)) }), false},
		"subject no id":      {with(func(c *token.Claims) { c.Subject = "root" }), false},
		"no session":         {with(func(c *token.Claims) { c.SessionID = "" }), false},
		"another kind":       {sign(t, jwt.SigningMethodEdDSA, private, "JWT", sound()), false},
		"another key":        {sign(t, jwt.SigningMethodEdDSA, stranger, token.Type, sound()), false},
		"public key as HMAC": {sign(t, jwt.SigningMethodHS256, []byte(public), token.Type, sound()), false},
		"unsigned":           {sign(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, token.Type, sound()), false},
		"garbage":            {"a.b.c", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			caller, err := v.Verify(tt.raw)
			if tt.sound {
				if err != nil || caller.UserID != 42 || caller.SessionID != "s" || !caller.Admin || caller.Name != "Aziza Karimova" {
					t.Errorf("got %+v, %v", caller, err)
				}
			} else if !errors.Is(err, token.ErrInvalid) {
				t.Errorf("got %+v, %v, want %v", caller, err, token.ErrInvalid)
			}
		})
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "Basic abc": "", "Bearer": "", "": "", "Bearer  abc ": "abc",
	} {
		if got := token.Bearer(header); got != want {
			t.Errorf("Bearer(%q) = %q, want %q", header, got, want)
		}
	}
}
