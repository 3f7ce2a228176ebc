-- +goose Up
-- What the keepers of the books add by hand, where the ledger is wrong: no entry is ever changed. Apart from the entries, each of
-- which the program makes once; a payment may be corrected more often. The ids are of one row with theirs, for statements.
CREATE TABLE orders.ledger_corrections (
    id         bigint NOT NULL DEFAULT nextval('orders.ledger_entries_id_seq') CONSTRAINT ledger_corrections_pkey PRIMARY KEY,
    payment_id bigint NOT NULL CONSTRAINT ledger_corrections_payment_id_fkey REFERENCES orders.payments (id),
    refund_id  bigint CONSTRAINT ledger_corrections_refund_id_fkey REFERENCES orders.refunds (id), -- null for a capture
    account    text NOT NULL CONSTRAINT ledger_corrections_account_known CHECK (account IN ('provider', 'sales')),
    amount     bigint NOT NULL CONSTRAINT ledger_corrections_amount_some CHECK (amount <> 0),
    reason     text NOT NULL CONSTRAINT ledger_corrections_reason_length CHECK (char_length(reason) BETWEEN 1 AND 1000),
    made_by    text NOT NULL CONSTRAINT ledger_corrections_made_by_length CHECK (char_length(made_by) BETWEEN 1 AND 100),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_ledger_corrections_created ON orders.ledger_corrections (created_at, id);
GRANT SELECT ON orders.ledger_corrections TO slippers_orders;

-- +goose Down
DROP TABLE orders.ledger_corrections;
