-- +goose Up
-- A cart is a user's, or that of whoever shows a token. Only the token's SHA-256 is here.
ALTER TABLE orders.carts
    ALTER COLUMN user_id DROP NOT NULL,
    ADD COLUMN token_hash bytea CONSTRAINT carts_token_key UNIQUE
        CONSTRAINT carts_token_length CHECK (octet_length(token_hash) = 32),
    ADD CONSTRAINT carts_one_owner CHECK (num_nonnulls(user_id, token_hash) = 1);
-- Guests' carts, by when somebody last came back to them.
CREATE INDEX idx_carts_guest ON orders.carts (updated_at) WHERE token_hash IS NOT NULL;

GRANT DELETE ON orders.carts TO slippers_orders;

-- +goose Down
REVOKE DELETE ON orders.carts FROM slippers_orders;
DELETE FROM orders.cart_items i USING orders.carts c WHERE c.id = i.cart_id AND c.user_id IS NULL;
DELETE FROM orders.carts WHERE user_id IS NULL;
DROP INDEX orders.idx_carts_guest;
ALTER TABLE orders.carts
    DROP CONSTRAINT carts_one_owner,
    DROP COLUMN token_hash,
    ALTER COLUMN user_id SET NOT NULL;
