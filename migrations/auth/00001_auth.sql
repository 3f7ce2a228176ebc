-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

CREATE TABLE auth.users (
    id            bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT users_pkey PRIMARY KEY,
    name          text NOT NULL CONSTRAINT users_name_length CHECK (char_length(name) <= 100),
    surname       text NOT NULL CONSTRAINT users_surname_length CHECK (char_length(surname) <= 100),
    phone_number  text CONSTRAINT users_phone_number_form CHECK (phone_number ~ '^\+[1-9][0-9]{7,14}$'), -- E.164
    password_hash text NOT NULL,
    is_admin      boolean NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    deleted_at    timestamptz, -- the row stays, with nothing personal in it, because orders name its id
    CONSTRAINT users_deleted_is_nobody CHECK ((deleted_at IS NULL) = (phone_number IS NOT NULL))
);
CREATE UNIQUE INDEX idx_users_phone_number ON auth.users (phone_number);
CREATE INDEX idx_users_active ON auth.users (id) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_admin_created ON auth.users (is_admin, id) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_name_surname ON auth.users
    USING gin ((name || ' ' || surname || ' ' || phone_number) public.gin_trgm_ops) WHERE deleted_at IS NULL;

-- A session is a login. Its tokens end with it.
CREATE TABLE auth.sessions (
    id         text CONSTRAINT sessions_pkey PRIMARY KEY,
    user_id    bigint NOT NULL CONSTRAINT sessions_user_id_fkey REFERENCES auth.users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX idx_sessions_live ON auth.sessions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX idx_sessions_revoked ON auth.sessions (revoked_at) WHERE revoked_at IS NOT NULL;
CREATE INDEX idx_sessions_expires ON auth.sessions (expires_at);

-- A refresh token is good for one use. A spent one stays, so that its return is noticed.
CREATE TABLE auth.refresh_tokens (
    hash       bytea CONSTRAINT refresh_tokens_pkey PRIMARY KEY,
    session_id text NOT NULL CONSTRAINT refresh_tokens_session_id_fkey REFERENCES auth.sessions (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    spent_at   timestamptz
);
CREATE INDEX idx_refresh_tokens_session ON auth.refresh_tokens (session_id);

-- The one code with which a user may choose a new password.
CREATE TABLE auth.reset_codes (
    user_id    bigint CONSTRAINT reset_codes_pkey PRIMARY KEY CONSTRAINT reset_codes_user_id_fkey REFERENCES auth.users (id),
    hash       bytea NOT NULL,
    expires_at timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0
);

-- The tags of what committed writes have changed: their copies must go. What is done stays for a while, in case that Redis
-- forgets it.
CREATE TABLE auth.invalidations (
    id         bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT invalidations_pkey PRIMARY KEY,
    tags       text[] NOT NULL CONSTRAINT invalidations_tags_some CHECK (cardinality(tags) > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    done_at    timestamptz
);
CREATE INDEX idx_invalidations_pending ON auth.invalidations (id) WHERE done_at IS NULL;
CREATE INDEX idx_invalidations_done ON auth.invalidations (done_at) WHERE done_at IS NOT NULL;

GRANT SELECT, INSERT, UPDATE ON auth.users TO slippers_auth; -- deleting one is an update
GRANT SELECT, INSERT, UPDATE, DELETE ON auth.sessions, auth.refresh_tokens, auth.reset_codes TO slippers_auth;
GRANT SELECT, INSERT (tags), UPDATE (done_at), DELETE ON auth.invalidations TO slippers_auth;

-- +goose Down
DROP TABLE auth.invalidations;
DROP TABLE auth.reset_codes;
DROP TABLE auth.refresh_tokens;
DROP TABLE auth.sessions;
DROP TABLE auth.users;
-- pg_trgm stays: another schema may use it.
