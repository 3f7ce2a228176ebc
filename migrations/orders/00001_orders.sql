-- +goose Up
CREATE TABLE orders.carts (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT carts_pkey PRIMARY KEY,
    user_id    bigint NOT NULL CONSTRAINT carts_user_key UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE orders.cart_items (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT cart_items_pkey PRIMARY KEY,
    cart_id    bigint NOT NULL CONSTRAINT cart_items_cart_id_fkey REFERENCES orders.carts (id),
    slipper_id bigint NOT NULL,
    quantity   bigint NOT NULL CONSTRAINT cart_items_quantity_range CHECK (quantity BETWEEN 1 AND 500),
    CONSTRAINT cart_items_slipper_key UNIQUE (cart_id, slipper_id)
);

CREATE TABLE orders.orders (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT orders_pkey PRIMARY KEY,
    user_id        bigint NOT NULL,
    user_name      text NOT NULL, -- as it was then
    status         text NOT NULL CONSTRAINT orders_status_known
                   CHECK (status IN ('PENDING', 'PAID', 'REFUNDED', 'CANCELLED', 'EXPIRED')),
    total_amount   bigint NOT NULL CONSTRAINT orders_total_not_negative CHECK (total_amount >= 0), -- in minor units
    notes          text NOT NULL DEFAULT '' CONSTRAINT orders_notes_length CHECK (char_length(notes) <= 1000),
    reservation_id uuid NOT NULL CONSTRAINT orders_reservation_key UNIQUE, -- of the stock, in catalog-svc
    expires_at     timestamptz CONSTRAINT orders_pending_expires CHECK (status <> 'PENDING' OR expires_at IS NOT NULL),
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);

-- One index for each filter of the list, newest first; totals are counted in the small ones.
CREATE INDEX idx_orders_created ON orders.orders (created_at, id);
CREATE INDEX idx_orders_user ON orders.orders (user_id, created_at, id);
CREATE INDEX idx_orders_user_status ON orders.orders (user_id, status, created_at, id);
CREATE INDEX idx_orders_status ON orders.orders (status);
CREATE INDEX idx_orders_status_created ON orders.orders (status, created_at, id);
CREATE INDEX idx_orders_finance ON orders.orders (created_at, id) WHERE status IN ('PAID', 'REFUNDED');
-- And what nobody paid for in time.
CREATE INDEX idx_orders_overdue ON orders.orders (expires_at) WHERE status = 'PENDING';

CREATE TABLE orders.order_items (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT order_items_pkey PRIMARY KEY,
    order_id    bigint NOT NULL CONSTRAINT order_items_order_id_fkey REFERENCES orders.orders (id),
    slipper_id  bigint NOT NULL,
    quantity    bigint NOT NULL CONSTRAINT order_items_quantity_positive CHECK (quantity > 0),
    unit_price  bigint NOT NULL CONSTRAINT order_items_price_not_negative CHECK (unit_price >= 0),
    total_price bigint NOT NULL,
    notes       text NOT NULL DEFAULT '' CONSTRAINT order_items_notes_length CHECK (char_length(notes) <= 1000),
    name        text NOT NULL,
    size        text NOT NULL,
    image       text,
    CONSTRAINT order_items_slipper_key UNIQUE (order_id, slipper_id),
    CONSTRAINT order_items_total CHECK (total_price = unit_price * quantity)
);

CREATE TABLE orders.order_history (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT order_history_pkey PRIMARY KEY,
    order_id    bigint NOT NULL CONSTRAINT order_history_order_id_fkey REFERENCES orders.orders (id),
    actor_id    bigint, -- the user who did it; null is the shop itself
    from_status text,   -- null when the order was placed
    to_status   text NOT NULL,
    reason      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_order_history_order ON orders.order_history (order_id, id);

-- What a request with an Idempotency-Key is about to do, and then what came of it.
CREATE TABLE orders.idempotency_keys (
    user_id        bigint NOT NULL,
    key            text NOT NULL CONSTRAINT idempotency_keys_key_length CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint    bytea NOT NULL, -- SHA-256 of the request
    reservation_id uuid NOT NULL,
    lines          jsonb NOT NULL, -- as the first attempt found them
    locked_until   timestamptz NOT NULL,
    finished_at    timestamptz,
    answer         json, -- the order as it was answered, to the byte
    refusal        json, -- or why there is none
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, key),
    CONSTRAINT idempotency_keys_outcome CHECK (num_nonnulls(answer, refusal) = num_nonnulls(finished_at))
);
CREATE INDEX idx_idempotency_keys_created ON orders.idempotency_keys (created_at);

-- The tags of what committed writes have changed: their copies must go. What is done stays for a while, in case that Redis
-- forgets it.
CREATE TABLE orders.invalidations (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT invalidations_pkey PRIMARY KEY,
    tags       text[] NOT NULL CONSTRAINT invalidations_tags_some CHECK (cardinality(tags) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz
);
CREATE INDEX idx_invalidations_pending ON orders.invalidations (id) WHERE done_at IS NULL;
CREATE INDEX idx_invalidations_done ON orders.invalidations (done_at) WHERE done_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON orders.carts TO slippers_orders;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders.cart_items TO slippers_orders;
GRANT SELECT, INSERT, UPDATE (status, notes, updated_at) ON orders.orders TO slippers_orders; -- the rest of an order is for ever
GRANT SELECT, INSERT ON orders.order_items TO slippers_orders;
GRANT SELECT, INSERT ON orders.order_history TO slippers_orders;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders.idempotency_keys TO slippers_orders;
GRANT SELECT, INSERT (tags), UPDATE (done_at), DELETE ON orders.invalidations TO slippers_orders;

-- +goose Down
DROP TABLE orders.invalidations;
DROP TABLE orders.idempotency_keys;
DROP TABLE orders.order_history;
DROP TABLE orders.order_items;
DROP TABLE orders.orders;
DROP TABLE orders.cart_items;
DROP TABLE orders.carts;
