package token_test

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"

	"github.com/slippers-api/slippers/kit/token"
)

// issuer publishes the keys that it has made so far.
type issuer struct {
	t      *testing.T
	down   atomic.Bool
	asked  atomic.Int32
	mu     sync.Mutex
	public []jwkset.JWKMarshal
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	i.asked.Add(1)
	if i.down.Load() {
		http.Error(w, "not yet", http.StatusServiceUnavailable)
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	_ = json.NewEncoder(w).Encode(jwkset.JWKSMarshal{Keys: i.public})
}

// issue makes a key of the name and returns a token that is signed by it.
func (i *issuer) issue(kid string, publish bool) string {
	i.t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		i.t.Fatal(err)
	}
	jwk, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{Metadata: jwkset.JWKMetadataOptions{KID: kid}})
	if err != nil {
		i.t.Fatal(err)
	}
	if publish {
		i.mu.Lock()
		i.public = append(i.public, jwk.Marshal())
		i.mu.Unlock()
	}
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, sound())
	tok.Header["typ"], tok.Header["kid"] = token.Type, kid
	raw, err := tok.SignedString(private)
	if err != nil {
		i.t.Fatal(err)
	}
	return raw
}

func follow(t *testing.T, i *issuer) *token.Verifier {
	t.Helper()
	s := httptest.NewServer(i)
	t.Cleanup(s.Close)
	cfg := cfg
	cfg.JWKSURL = s.URL
	v, err := token.NewVerifier(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// All who come with a key that is new are let in, and it is fetched once.
func TestANewKeyIsFetchedOnceForAll(t *testing.T) {
	t.Parallel()
	i := &issuer{t: t}
	old := i.issue("old", true)
	v := follow(t, i)
	fresh, before := i.issue("fresh", true), i.asked.Load()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for _, raw := range []string{fresh, old} {
				if _, err := v.Verify(raw); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := i.asked.Load() - before; n != 1 {
		t.Errorf("asked %d times for one new key", n)
	}
	for range 100 {
		if _, err := v.Verify(i.issue("invented", false)); !errors.Is(err, token.ErrInvalid) {
			t.Fatalf("an invented key: %v", err)
		}
	}
	if n := i.asked.Load() - before; n > 2 {
		t.Errorf("asked %d times for invented keys", n-1)
	}
}

// A token that was good is refused once its key is not published any more.
func TestTokensOfAWithdrawnKeyAreForgotten(t *testing.T) {
	t.Parallel()
	i := &issuer{t: t}
	raw := i.issue("old", true)
	v := follow(t, i)
	for range 2 {
		if _, err := v.Verify(raw); err != nil {
			t.Fatal(err)
		}
	}
	i.mu.Lock()
	i.public = nil
	i.mu.Unlock()
	fresh := i.issue("fresh", true) // which makes us look
	if _, err := v.Verify(fresh); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(raw); !errors.Is(err, token.ErrInvalid) {
		t.Errorf("a token of a withdrawn key: %v", err)
	}
}

// Without keys nobody is wrong: users must not be logged out because we cannot look.
func TestWithoutKeysNoTokenIsCalledInvalid(t *testing.T) {
	t.Parallel()
	i := &issuer{t: t}
	raw := i.issue("k", true)
	i.down.Store(true)
	v := follow(t, i)
	if _, err := v.Verify(raw); !errors.Is(err, token.ErrKeys) {
		t.Errorf("while the issuer is away: %v", err)
	}
	i.down.Store(false)
	for { // the keys come by themselves
		_, err := v.Verify(raw)
		if err == nil {
			break
		}
		if !errors.Is(err, token.ErrKeys) || t.Context().Err() != nil {
			t.Fatalf("while nobody has fetched: %v", err)
		}
	}
	i.down.Store(true)
	if _, err := v.Verify(raw); err != nil {
		t.Errorf("once fetched, the keys stay: %v", err)
	}
}

func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:8083", "ftp://x/y", "://"} {
		if _, err := token.NewVerifier(context.Background(), token.Config{JWKSURL: address}, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
}
