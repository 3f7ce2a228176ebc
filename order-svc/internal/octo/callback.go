package octo

import (
	"crypto/sha1" //nolint:gosec // the formula is OCTO's
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

const fromCallback = "callback"

// Callback is what OCTO, or somebody else, says about a payment. Even a signed one is only a reason to read the payment: the
// signature covers UUID and Status and nothing else, and is good for ever.
type Callback struct {
	TransactionID string
	UUID          string
	Status        Status
	RawStatus     string // the word itself, at most 32 characters of it, for a log
	Signed        bool   // by OCTO, with our key
}

// Callback reads the body of a callback, whose length the caller bounds. It returns ErrCallback for what has not the ids of a
// payment. A bad signature is no error, nor is a status that we do not know.
func (c *Client) Callback(body []byte) (Callback, error) {
	var in struct {
		TransactionID text `json:"shop_transaction_id"`
		UUID          text `json:"octo_payment_UUID"`
		Status        text `json:"status"`
		Signature     text `json:"signature"`
		HashKey       text `json:"hash_key"`
	}
	if json.Unmarshal(body, &in) != nil {
		return Callback{}, fmt.Errorf("%w: no JSON object", ErrCallback)
	}
	if !visible(string(in.TransactionID)) || !canonical(string(in.UUID)) {
		return Callback{}, fmt.Errorf("%w: no ids of a payment", ErrCallback)
	}
	status, known := statuses[string(in.Status)]
	signed := c.signed(string(in.UUID)+string(in.Status), string(in.Signature), string(in.HashKey))
	if signed && !known { // else anybody could make us ask OCTO about it
		c.odd(fromCallback, string(in.TransactionID), in.Status)
	}
	return Callback{
		TransactionID: string(in.TransactionID), UUID: string(in.UUID),
		Status: status, RawStatus: c.clean(in.Status, longestStatus),
		Signed: signed,
	}, nil
}

// signed says whether signature is that of said: a UUID of fixed length and a status, so that no two payments say the same.
func (c *Client) signed(said, signature, hashKey string) bool {
	key := string(c.cfg.UniqueKey)
	if c.cfg.OldSignature {
		inner := sum(string(c.cfg.Secret) + hashKey)
		key = strings.ToUpper(hex.EncodeToString(inner[:]))
	}
	if key == "" {
		return false
	}
	got, err := hex.DecodeString(signature) // in upper case, and in lower
	want := sum(key + said)
	return err == nil && subtle.ConstantTimeCompare(got, want[:]) == 1
}

func sum(s string) [sha1.Size]byte {
	return sha1.Sum([]byte(s)) //nolint:gosec // the formula is OCTO's
}
