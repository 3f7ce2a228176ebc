package order

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/slippers-api/slippers/kit/fault"
)

// ErrCartToken is returned for a text that is no cart token, whoever may have made it.
var ErrCartToken = fault.New(fault.Malformed, "cart-token-malformed", "The X-Cart-Token is not one that was ever given out.")

// ErrCartGone is returned by Add for a token that names no cart, or none any more.
var ErrCartGone = errors.New("no cart has this token")

// CartToken is the secret by which a guest finds their cart again. The zero CartToken is none.
type CartToken [32]byte

// NewCartToken returns one that nobody can guess.
func NewCartToken() CartToken {
	var t CartToken
	_, _ = rand.Read(t[:]) // which never fails
	return t
}

// ParseCartToken reads what String writes, or returns ErrCartToken.
func ParseCartToken(s string) (CartToken, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(CartToken{}) || len(s) != base64.RawURLEncoding.EncodedLen(len(b)) {
		return CartToken{}, ErrCartToken // the length, because the decoder skips line breaks
	}
	return CartToken(b), nil
}

// String is the token as clients see it.
func (t CartToken) String() string { return base64.RawURLEncoding.EncodeToString(t[:]) }

// Hash is all that a store keeps of the token.
func (t CartToken) Hash() []byte {
	h := sha256.Sum256(t[:])
	return h[:]
}

// Holder is whose cart it is: a user's, or else that of whoever shows the token. The zero Holder is a guest without a cart.
type Holder struct {
	User  int64
	Token CartToken
}

// Holder says whose cart a request of user (zero is a guest) with a token is about. What a user has gathered as a guest is
// moved into their own cart, once: auth-svc, where they logged in, knows nothing of carts, so the first request that shows
// both does it.
func (s Shopping) Holder(ctx context.Context, user int64, token CartToken) (Holder, error) {
	switch {
	case user == 0:
		return Holder{Token: token}, nil
	case token == CartToken{}:
		return Holder{User: user}, nil
	}
	return Holder{User: user}, s.Carts.Merge(ctx, user, token)
}

// put adds to the cart of who. A guest without one gets one, with a token of its own choosing; made is that token.
func (s Shopping) put(ctx context.Context, who Holder, slipper, quantity int64) (made CartToken, err error) {
	if who != (Holder{}) {
		if err := s.Carts.Add(ctx, who, slipper, quantity); !errors.Is(err, ErrCartGone) {
			return CartToken{}, err
		}
	}
	made = NewCartToken() // never one that a client has chosen
	return made, s.Carts.Open(ctx, made, slipper, quantity)
}
