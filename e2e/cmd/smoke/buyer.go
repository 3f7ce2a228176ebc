package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// buyer asks the API as one person.
type buyer struct {
	api, token string
	http       http.Client // bounded by the context
}

const mostBytes = 1 << 20

// call sends body to the route, as "POST /cart/items", and reads the answer into answer unless that is nil.
func (b *buyer) call(ctx context.Context, route string, body, answer any) error {
	method, path, _ := strings.Cut(route, " ")
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("encoding for %s: %w", route, err)
		}
		sent = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(b.api, "/")+path, sent)
	if err != nil {
		return fmt.Errorf("preparing %s: %w", route, err)
	}
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", rand.Text())
	}
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, mostBytes))
	if err != nil {
		return fmt.Errorf("reading the answer to %s: %w", route, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s answers %d %s", route, resp.StatusCode, text)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("decoding the answer to %s: %w", route, err)
	}
	return nil
}
