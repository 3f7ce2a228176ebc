// Package signing holds the keys that access tokens are signed with, and makes the tokens.
//
// Rotation without a logout: put a new key behind the others, so that it is published; when every verifier has seen it,
// put it first, so that it signs; when the last token of the old one has expired, take that away.
package signing

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/token"
)

// Config says where the keys are.
type Config struct {
	// KeyFile is a PEM file of Ed25519 private keys in PKCS #8. The first one signs; the public halves of all are published.
	KeyFile string `env:"AUTH_SIGNING_KEYS,required,notEmpty"`
}

const (
	pemType = "PRIVATE KEY"

	// createdHeader is the header of a PEM block that says when the key was made, as RFC 3339.
	createdHeader = "Created"
)

// Keys signs access tokens.
type Keys struct {
	id     string // of the key that signs
	signer ed25519.PrivateKey
	made   time.Time // zero when its block does not say
	public map[string]ed25519.PublicKey
	jwks   []byte
	cfg    token.Config
}

// Generate returns a new key as Load reads it.
func Generate() ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating a key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, fmt.Errorf("encoding a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{
		Type: pemType, Bytes: der, Headers: map[string]string{createdHeader: time.Now().UTC().Format(time.RFC3339)},
	}), nil
}

// Load reads the keys. issued says what tokens carry as issuer and audience.
func Load(cfg Config, issued token.Config) (*Keys, error) {
	rest, err := os.ReadFile(cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("reading AUTH_SIGNING_KEYS: %w", err)
	}
	k := &Keys{public: map[string]ed25519.PublicKey{}, cfg: issued}
	set := jwkset.NewMemoryStorage()
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if err := k.add(block, set); err != nil {
			return nil, fmt.Errorf("reading AUTH_SIGNING_KEYS: %w", err)
		}
	}
	if k.id == "" {
		return nil, errors.New("reading AUTH_SIGNING_KEYS: the file holds no private key in PEM")
	}
	k.jwks, err = set.JSONPublic(context.Background())
	if err != nil {
		return nil, fmt.Errorf("encoding the public keys: %w", err)
	}
	return k, nil
}

func (k *Keys) add(block *pem.Block, set jwkset.Storage) error {
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return fmt.Errorf("parsing a key: %w", err)
	}
	private, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return errors.New("a key is not Ed25519")
	}
	public, ok := private.Public().(ed25519.PublicKey)
	if !ok {
		return errors.New("a key has no public half")
	}
	id, err := thumbprint(public)
	if err != nil {
		return err
	}
	jwk, err := jwkset.NewJWKFromKey(public, jwkset.JWKOptions{
		Metadata: jwkset.JWKMetadataOptions{ALG: jwkset.AlgEdDSA, KID: id, USE: jwkset.UseSig},
	})
	if err != nil {
		return fmt.Errorf("describing a key: %w", err)
	}
	if err := set.KeyWrite(context.Background(), jwk); err != nil {
		return fmt.Errorf("publishing a key: %w", err)
	}
	k.public[id] = public
	if k.id == "" {
		k.id, k.signer = id, private
		if said := block.Headers[createdHeader]; said != "" {
			if k.made, err = time.Parse(time.RFC3339, said); err != nil {
				return fmt.Errorf("reading when a key was made: %w", err)
			}
		}
	}
	return nil
}

// thumbprint names a key by itself (RFC 7638), so that ids need no bookkeeping.
func thumbprint(public ed25519.PublicKey) (string, error) {
	b, err := json.Marshal(struct { // the members in the order that the RFC demands
		Curve string `json:"crv"`
		Type  string `json:"kty"`
		X     string `json:"x"`
	}{"Ed25519", "OKP", base64.RawURLEncoding.EncodeToString(public)})
	if err != nil {
		return "", fmt.Errorf("naming a key: %w", err)
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:]), nil
}

// Observe tells Prometheus how old the key is that signs, if that is known.
func (k *Keys) Observe(reg prometheus.Registerer) {
	if !k.made.IsZero() {
		promauto.With(reg).NewGauge(prometheus.GaugeOpts{
			Name: "signing_key_created_timestamp_seconds", Help: "When the key was made that signs access tokens, if its file says so.",
		}).Set(float64(k.made.Unix()))
	}
}

// JWKS returns the public keys as a JSON Web Key Set (RFC 7517).
func (k *Keys) JWKS() []byte { return k.jwks }

// Find returns the public key that a token names, for the verifier.
func (k *Keys) Find(t *jwt.Token) (any, error) {
	id, _ := t.Header["kid"].(string)
	public, ok := k.public[id]
	if !ok {
		return nil, jwt.ErrTokenUnverifiable
	}
	return public, nil
}

// Access returns a signed access token (RFC 9068) of u in the session.
func (k *Keys) Access(u account.User, sessionID string, expires time.Time) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, token.Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: k.cfg.Issuer, Audience: jwt.ClaimStrings{k.cfg.Audience}, Subject: strconv.FormatInt(u.ID, 10),
			IssuedAt: jwt.NewNumericDate(time.Now()), ExpiresAt: jwt.NewNumericDate(expires), ID: rand.Text(),
		},
		SessionID: sessionID, Name: u.FullName(), Admin: u.Admin,
	})
	t.Header["typ"], t.Header["kid"] = token.Type, k.id
	signed, err := t.SignedString(k.signer)
	if err != nil {
		return "", fmt.Errorf("signing a token: %w", err)
	}
	return signed, nil
}
