-- Accounts, tokens, namespaces: columns with defaults and new tables alone, so that the release
-- before goes on serving while and after this runs.

ALTER TABLE accounts ADD COLUMN session_generation BIGINT DEFAULT 0 NOT NULL;

ALTER TABLE tokens ADD COLUMN limits TEXT[] DEFAULT '{}' NOT NULL;
ALTER TABLE tokens ADD COLUMN networks TEXT[] DEFAULT '{}' NOT NULL;
ALTER TABLE tokens ADD COLUMN read_only BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE tokens ADD COLUMN last_used_from TEXT;

-- The look-alike form of skillpkg.types.look_alike. Not unique: names that were given before
-- this revision stay; new ones are compared under a lock.
ALTER TABLE namespaces ADD COLUMN look_alike TEXT
    GENERATED ALWAYS AS (translate(name, 'lio-', '110')) STORED;
ALTER TABLE namespaces ADD COLUMN banned_at TIMESTAMP WITH TIME ZONE;
ALTER TABLE namespaces ADD COLUMN banned_reason TEXT;
CREATE INDEX ix_namespaces_look_alike ON namespaces (look_alike);

CREATE TABLE session_secrets (
    id TEXT NOT NULL,
    sealing TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    retired_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id)
);

CREATE TABLE ended_sessions (
    id TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ix_ended_sessions_expires_at ON ended_sessions (expires_at);

CREATE TABLE login_attempts (
    subject BYTEA NOT NULL,
    attempts BIGINT DEFAULT 0 NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (subject)
);
CREATE INDEX ix_login_attempts_until ON login_attempts (until);

CREATE TABLE known_addresses (
    account_id BIGINT NOT NULL,
    address TEXT NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (account_id, address),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);

CREATE TABLE reset_codes (
    code_hash BYTEA NOT NULL,
    account_id BIGINT NOT NULL,
    issued_by BIGINT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (code_hash),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(issued_by) REFERENCES accounts (id)
);
CREATE INDEX ix_reset_codes_account_id ON reset_codes (account_id);

CREATE TABLE device_logins (
    device_hash BYTEA NOT NULL,
    user_code TEXT NOT NULL,
    client TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    address TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    pause BIGINT NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE,
    account_id BIGINT,
    refused BOOLEAN DEFAULT false NOT NULL,
    PRIMARY KEY (device_hash),
    UNIQUE (user_code),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_device_logins_expires_at ON device_logins (expires_at);

CREATE TABLE oidc_logins (
    state_hash BYTEA NOT NULL,
    browser_hash BYTEA NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    user_code TEXT,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (state_hash)
);
CREATE INDEX ix_oidc_logins_expires_at ON oidc_logins (expires_at);

CREATE TABLE oidc_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (issuer, subject),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_oidc_identities_account_id ON oidc_identities (account_id);

CREATE TABLE invitations (
    id TEXT NOT NULL,
    namespace_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    role TEXT NOT NULL,
    invited_by BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT invitations_once UNIQUE (namespace_id, account_id),
    FOREIGN KEY(namespace_id) REFERENCES namespaces (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id),
    FOREIGN KEY(invited_by) REFERENCES accounts (id)
);
CREATE INDEX ix_invitations_account_id ON invitations (account_id);

CREATE TABLE namespace_domains (
    namespace_id BIGINT NOT NULL,
    domain TEXT NOT NULL,
    challenge TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    verified_at TIMESTAMP WITH TIME ZONE,
    method TEXT,
    PRIMARY KEY (namespace_id, domain),
    FOREIGN KEY(namespace_id) REFERENCES namespaces (id)
);
CREATE UNIQUE INDEX namespace_domains_proved ON namespace_domains (domain) WHERE verified_at IS NOT NULL;
