-- +goose Up
-- What the fiscal receipt says about a line, as the slipper had it when it was ordered: all or nothing.
ALTER TABLE orders.order_items
    ADD COLUMN spic text,
    ADD COLUMN package_code text,
    ADD COLUMN vat boolean,
    ADD CONSTRAINT order_items_fiscal_whole CHECK (num_nonnulls(spic, package_code, vat) IN (0, 3));

-- +goose Down
ALTER TABLE orders.order_items
    DROP CONSTRAINT order_items_fiscal_whole,
    DROP COLUMN spic,
    DROP COLUMN package_code,
    DROP COLUMN vat;
