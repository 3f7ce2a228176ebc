-- What the next version brings, in the tests: a column that the version before does not know.

-- +goose Up
ALTER TABLE catalog.slippers ADD COLUMN next_note text;

-- +goose Down
ALTER TABLE catalog.slippers DROP COLUMN next_note;
