-- +goose Up
-- read_at is when a payment's status was last asked for, answered or not: it says when to ask again. Whether the provider
-- answers is another question.
ALTER TABLE orders.payments ADD COLUMN answered_at timestamptz; -- when the provider last said what became of it
UPDATE orders.payments SET answered_at = read_at WHERE state IN ('new', 'registered', 'pending', 'held');
GRANT UPDATE (answered_at) ON orders.payments TO slippers_orders;

-- +goose Down
ALTER TABLE orders.payments DROP COLUMN answered_at;
