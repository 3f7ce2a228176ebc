-- +goose Up
-- What administrators decided about a payment that the program could not decide about, and why: for ever.
CREATE TABLE orders.payment_notes (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payment_notes_pkey PRIMARY KEY,
    payment_id bigint NOT NULL CONSTRAINT payment_notes_payment_id_fkey REFERENCES orders.payments (id),
    refund_id  bigint CONSTRAINT payment_notes_refund_id_fkey REFERENCES orders.refunds (id), -- null when it is about none
    actor_id   bigint NOT NULL,
    decided    text NOT NULL,
    note       text NOT NULL CONSTRAINT payment_notes_note_length CHECK (char_length(note) BETWEEN 1 AND 1000),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_payment_notes_payment ON orders.payment_notes (payment_id, id);
GRANT SELECT, INSERT ON orders.payment_notes TO slippers_orders;

-- +goose Down
DROP TABLE orders.payment_notes;
