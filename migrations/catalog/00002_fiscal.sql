-- +goose Up
-- What a fiscal receipt says about a slipper: its code in the national catalogue of goods (SPIC), that of what one piece is
-- packed in, and whether VAT is due. All or nothing.
ALTER TABLE catalog.slippers
    ADD COLUMN spic text CONSTRAINT slippers_spic_form CHECK (spic ~ '^[0-9]{17}$'),
    ADD COLUMN package_code text CONSTRAINT slippers_package_code_form CHECK (package_code ~ '^[0-9]{1,20}$'),
    ADD COLUMN vat boolean,
    ADD CONSTRAINT slippers_fiscal_whole CHECK (num_nonnulls(spic, package_code, vat) IN (0, 3));

ALTER TABLE catalog.reservation_lines
    ADD COLUMN spic text,
    ADD COLUMN package_code text,
    ADD COLUMN vat boolean,
    ADD CONSTRAINT reservation_lines_fiscal_whole CHECK (num_nonnulls(spic, package_code, vat) IN (0, 3));

-- +goose Down
ALTER TABLE catalog.reservation_lines
    DROP CONSTRAINT reservation_lines_fiscal_whole,
    DROP COLUMN spic,
    DROP COLUMN package_code,
    DROP COLUMN vat;
ALTER TABLE catalog.slippers
    DROP CONSTRAINT slippers_fiscal_whole,
    DROP COLUMN spic,
    DROP COLUMN package_code,
    DROP COLUMN vat;
