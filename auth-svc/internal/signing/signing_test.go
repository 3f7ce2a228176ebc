package signing_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/signing"
	"github.com/slippers-api/slippers/kit/token"
)

var user = account.User{ID: 7, Name: "Aziza", Surname: "Karimova", Admin: true}

func generate(t *testing.T) string {
	t.Helper()
	b, err := signing.Generate()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func load(t *testing.T, content string) (*signing.Keys, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return signing.Load(signing.Config{KeyFile: file}, token.Config{Issuer: "slippers", Audience: "slippers"})
}

func keys(t *testing.T, content string) *signing.Keys {
	t.Helper()
	k, err := load(t, content)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func access(t *testing.T, k *signing.Keys) string {
	t.Helper()
	raw, err := k.Access(user, "s1", time.Now().Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// verifier is what another service has: it knows the keys from their publication alone.
func verifier(t *testing.T, k *signing.Keys) *token.Verifier {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(k.JWKS()) }))
	t.Cleanup(s.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	v, err := token.NewVerifier(ctx, token.Config{JWKSURL: s.URL, Issuer: "slippers", Audience: "slippers"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestTokensAreBelievedElsewhere(t *testing.T) {
	t.Parallel()
	k := keys(t, generate(t))
	got, err := verifier(t, k).Verify(access(t, k))
	if err != nil || got.UserID != 7 || got.SessionID != "s1" || got.Name != "Aziza Karimova" || !got.Admin {
		t.Errorf("got %+v, %v", got, err)
	}
	if strings.Contains(string(k.JWKS()), `"d"`) {
		t.Error("a private key is published")
	}
}

func TestRotationEndsNoSession(t *testing.T) {
	t.Parallel()
	before, after := generate(t), generate(t)
	old := keys(t, before+after)
	rotated := keys(t, after+before)
	for name, k := range map[string]*signing.Keys{"announced": old, "rotated": rotated} {
		v := verifier(t, k)
		for signer, by := range map[string]*signing.Keys{"old": old, "new": rotated} {
			if _, err := v.Verify(access(t, by)); err != nil {
				t.Errorf("%s keys refuse a token of the %s signer: %v", name, signer, err)
			}
		}
	}
	if _, err := verifier(t, keys(t, after)).Verify(access(t, old)); err == nil {
		t.Error("a token of a key that was taken away is believed")
	}
}

func TestLoadRefusesWhatCannotSign(t *testing.T) {
	t.Parallel()
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(r)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"nothing":   "",
		"not PEM":   "hunter2",
		"nonsense":  "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
		"RSA":       string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"then junk": generate(t) + "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := load(t, content); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := signing.Load(signing.Config{KeyFile: "/does/not/exist"}, token.Config{}); err == nil {
		t.Error("a missing file is loaded")
	}
}
