-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE TABLE catalog.categories (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT categories_pkey PRIMARY KEY,
    name        text NOT NULL CONSTRAINT categories_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    description text NOT NULL DEFAULT '' CONSTRAINT categories_description_length CHECK (char_length(description) <= 1000),
    is_active   boolean NOT NULL DEFAULT true,
    version     bigint NOT NULL DEFAULT 1, -- grows with every change
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX categories_name_key ON catalog.categories (lower(name));

-- Stock is written with every order. Room is left on each page, and no index reads quantity, so that such a write stays
-- on its page and touches no index (HOT). is_available changes only when the last piece goes or the first comes.
CREATE TABLE catalog.slippers (
    id           bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT slippers_pkey PRIMARY KEY,
    name         text NOT NULL CONSTRAINT slippers_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    size         text NOT NULL CONSTRAINT slippers_size_length CHECK (char_length(size) BETWEEN 1 AND 20),
    price        bigint NOT NULL CONSTRAINT slippers_price_positive CHECK (price > 0), -- in minor units
    quantity     bigint NOT NULL DEFAULT 0 CONSTRAINT slippers_quantity_not_negative CHECK (quantity >= 0),
    category_id  bigint CONSTRAINT slippers_category_id_fkey REFERENCES catalog.categories (id) ON DELETE SET NULL,
    is_available boolean NOT NULL GENERATED ALWAYS AS (quantity > 0) STORED,
    version      bigint NOT NULL DEFAULT 1, -- grows with every change, of its images and stock too
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(), -- of the last change by an admin
    deleted_at   timestamptz
) WITH (fillfactor = 85);

-- One index for each order of the list, read forwards or backwards. The one by id is small, so totals are counted in it.
CREATE INDEX idx_slippers_active ON catalog.slippers (id) WHERE deleted_at IS NULL;
CREATE INDEX idx_slippers_name_category ON catalog.slippers (name, id, category_id) WHERE deleted_at IS NULL;
CREATE INDEX idx_slippers_price ON catalog.slippers (price, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_slippers_created ON catalog.slippers (created_at, id) WHERE deleted_at IS NULL;
-- And for the filters: a category by price, what is in stock, any part of a name.
CREATE INDEX idx_slippers_category_price ON catalog.slippers (category_id, price, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_slippers_quantity_active ON catalog.slippers (id) WHERE is_available AND deleted_at IS NULL;
CREATE INDEX idx_slippers_name_search ON catalog.slippers USING gin (name public.gin_trgm_ops) WHERE deleted_at IS NULL;

CREATE TABLE catalog.slipper_images (
    id          bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT slipper_images_pkey PRIMARY KEY,
    slipper_id  bigint NOT NULL CONSTRAINT slipper_images_slipper_id_fkey REFERENCES catalog.slippers (id),
    image_path  text NOT NULL CONSTRAINT slipper_images_path_key UNIQUE,
    is_primary  boolean NOT NULL DEFAULT false,
    alt_text    text NOT NULL DEFAULT '' CONSTRAINT slipper_images_alt_text_length CHECK (char_length(alt_text) <= 200),
    order_index integer NOT NULL DEFAULT 0 CONSTRAINT slipper_images_order_not_negative CHECK (order_index >= 0),
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_slipper_images_slipper ON catalog.slipper_images (slipper_id);
CREATE UNIQUE INDEX slipper_images_primary_key ON catalog.slipper_images (slipper_id) WHERE is_primary;

CREATE TABLE catalog.reservations (
    id         uuid CONSTRAINT reservations_pkey PRIMARY KEY, -- chosen by who reserves
    state      text NOT NULL CONSTRAINT reservations_state_known CHECK (state IN ('held', 'sold', 'released')),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_reservations_held ON catalog.reservations (expires_at) WHERE state = 'held';

-- What was taken, and what it was like then: the same reservation answers the same for ever.
CREATE TABLE catalog.reservation_lines (
    reservation_id uuid NOT NULL CONSTRAINT reservation_lines_reservation_id_fkey REFERENCES catalog.reservations (id),
    slipper_id     bigint NOT NULL CONSTRAINT reservation_lines_slipper_id_fkey REFERENCES catalog.slippers (id),
    quantity       bigint NOT NULL CONSTRAINT reservation_lines_quantity_positive CHECK (quantity > 0),
    price          bigint NOT NULL,
    name           text NOT NULL,
    size           text NOT NULL,
    image          text,
    CONSTRAINT reservation_lines_pkey PRIMARY KEY (reservation_id, slipper_id)
);

-- Why stock is what it is, beside the reservations: what came in at first, what an admin added or took away, what a
-- refund brought back.
CREATE TABLE catalog.stock_movements (
    id             bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT stock_movements_pkey PRIMARY KEY,
    slipper_id     bigint NOT NULL CONSTRAINT stock_movements_slipper_id_fkey REFERENCES catalog.slippers (id),
    reservation_id uuid CONSTRAINT stock_movements_reservation_id_fkey REFERENCES catalog.reservations (id),
    kind           text NOT NULL CONSTRAINT stock_movements_kind_known CHECK (kind IN ('initial', 'restocked', 'returned')),
    quantity       bigint NOT NULL CONSTRAINT stock_movements_quantity_not_zero CHECK (quantity <> 0),
    created_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_movements_returned_what CHECK ((kind = 'returned') = (reservation_id IS NOT NULL))
);

-- The tags of what committed writes have changed: their copies must go. What is done stays for a while, in case that Redis
-- forgets it.
CREATE TABLE catalog.invalidations (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT invalidations_pkey PRIMARY KEY,
    tags       text[] NOT NULL CONSTRAINT invalidations_tags_some CHECK (cardinality(tags) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz
);
CREATE INDEX idx_invalidations_pending ON catalog.invalidations (id) WHERE done_at IS NULL;
CREATE INDEX idx_invalidations_done ON catalog.invalidations (done_at) WHERE done_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.categories TO slippers_catalog;
GRANT SELECT, INSERT, UPDATE ON catalog.slippers TO slippers_catalog; -- deleting one is an update
GRANT SELECT, INSERT, UPDATE, DELETE ON catalog.slipper_images TO slippers_catalog;
GRANT SELECT, INSERT, UPDATE ON catalog.reservations TO slippers_catalog;
GRANT SELECT, INSERT ON catalog.reservation_lines TO slippers_catalog;
GRANT SELECT, INSERT ON catalog.stock_movements TO slippers_catalog;
GRANT SELECT, INSERT (tags), UPDATE (done_at), DELETE ON catalog.invalidations TO slippers_catalog;

-- +goose Down
DROP TABLE catalog.invalidations;
DROP TABLE catalog.stock_movements;
DROP TABLE catalog.reservation_lines;
DROP TABLE catalog.reservations;
DROP TABLE catalog.slipper_images;
DROP TABLE catalog.slippers;
DROP TABLE catalog.categories;
-- pg_trgm stays: another schema may use it.
