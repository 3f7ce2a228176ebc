-- +goose Up
-- One attempt to pay an order. Its row comes first, then the provider is asked.
CREATE TABLE orders.payments (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payments_pkey PRIMARY KEY,
    order_id       bigint NOT NULL CONSTRAINT payments_order_id_fkey REFERENCES orders.orders (id),
    transaction_id uuid NOT NULL CONSTRAINT payments_transaction_key UNIQUE, -- the provider's idempotency key
    amount         bigint NOT NULL CONSTRAINT payments_amount_positive CHECK (amount > 0), -- in minor units
    state          text NOT NULL DEFAULT 'new' CONSTRAINT payments_state_known
                   CHECK (state IN ('new', 'registered', 'pending', 'held', 'cancelled', 'paid')),
    provider_uuid  uuid CONSTRAINT payments_provider_key UNIQUE, -- null until the provider has answered
    pay_url        text CONSTRAINT payments_pay_url_length CHECK (char_length(pay_url) <= 2048),
    unclear        boolean NOT NULL DEFAULT false, -- a call was made whose answer was lost
    refunded       bigint NOT NULL DEFAULT 0, -- what refunds have taken, those included that are under way
    attention      text, -- why a person must look at it
    expires_at     timestamptz NOT NULL, -- when the provider stops taking money for it
    read_at        timestamptz, -- when its status was last asked for
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payments_refunded_range CHECK (refunded BETWEEN 0 AND amount),
    CONSTRAINT payments_refunded_paid CHECK (refunded = 0 OR state = 'paid')
);
CREATE UNIQUE INDEX payments_one_open ON orders.payments (order_id) WHERE state IN ('new', 'registered', 'pending', 'held');
CREATE INDEX idx_payments_order ON orders.payments (order_id, id);
CREATE INDEX idx_orders_payment_uuid ON orders.payments (provider_uuid);
CREATE INDEX idx_payments_attention ON orders.payments (id) WHERE attention IS NOT NULL;

-- What was heard of a payment, each thing once.
CREATE TABLE orders.payment_events (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payment_events_pkey PRIMARY KEY,
    payment_id  bigint NOT NULL CONSTRAINT payment_events_payment_id_fkey REFERENCES orders.payments (id),
    status      text NOT NULL CONSTRAINT payment_events_status_length CHECK (char_length(status) <= 40),
    source      text NOT NULL CONSTRAINT payment_events_source_known CHECK (source IN ('create', 'callback', 'read', 'operator')),
    received_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payment_events_once UNIQUE (payment_id, status, source)
);

-- One call that gives money back. The provider takes no more than a certain sum at once, so a refund may be several.
CREATE TABLE orders.refunds (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT refunds_pkey PRIMARY KEY,
    payment_id  bigint NOT NULL CONSTRAINT refunds_payment_id_fkey REFERENCES orders.payments (id),
    refund_id   uuid NOT NULL CONSTRAINT refunds_refund_key UNIQUE, -- the provider's idempotency key
    amount      bigint NOT NULL CONSTRAINT refunds_amount_positive CHECK (amount > 0),
    state       text NOT NULL DEFAULT 'new' CONSTRAINT refunds_state_known CHECK (state IN ('new', 'pending', 'succeeded', 'failed')),
    unclear     boolean NOT NULL DEFAULT false, -- a call was made whose answer was lost
    actor_id    bigint, -- the administrator; null is the shop itself
    reason      text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_refunds_payment ON orders.refunds (payment_id, id);

-- Double entry: what moves out of one account moves into another, so the sum of all is zero.
CREATE TABLE orders.ledger_entries (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_entries_pkey PRIMARY KEY,
    payment_id bigint NOT NULL CONSTRAINT ledger_entries_payment_id_fkey REFERENCES orders.payments (id),
    refund_id  bigint CONSTRAINT ledger_entries_refund_id_fkey REFERENCES orders.refunds (id), -- null for a capture
    account    text NOT NULL CONSTRAINT ledger_entries_account_known CHECK (account IN ('provider', 'sales')),
    amount     bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_entries_once UNIQUE NULLS NOT DISTINCT (payment_id, refund_id, account)
);
CREATE INDEX idx_ledger_entries_created ON orders.ledger_entries (created_at, id);

-- Which of its payments an order became paid by.
ALTER TABLE orders.orders ADD COLUMN payment_id bigint CONSTRAINT orders_payment_id_fkey REFERENCES orders.payments (id);
GRANT UPDATE (payment_id) ON orders.orders TO slippers_orders;

GRANT SELECT, INSERT, UPDATE (state, provider_uuid, pay_url, unclear, refunded, attention, read_at, updated_at) ON orders.payments TO slippers_orders;
GRANT SELECT, INSERT ON orders.payment_events TO slippers_orders;
GRANT SELECT, INSERT, UPDATE (state, unclear, updated_at) ON orders.refunds TO slippers_orders;
GRANT SELECT, INSERT ON orders.ledger_entries TO slippers_orders; -- the past is never edited

-- +goose Down
ALTER TABLE orders.orders DROP COLUMN payment_id;
DROP TABLE orders.ledger_entries;
DROP TABLE orders.refunds;
DROP TABLE orders.payment_events;
DROP TABLE orders.payments;
