-- Trusted publishing: a CI job proves by its provider's identity token that it may publish.

-- Takes uploads in its own name alone; no person has this account: it has no password, and the
-- colon is in no username that can be chosen.
INSERT INTO accounts (username, password_hash) VALUES ('oidc:trusted-publisher', '')
    ON CONFLICT (username) DO NOTHING;

ALTER TABLE packages ADD COLUMN trusted_only BOOLEAN DEFAULT false NOT NULL;

-- package_id is empty while the package does not exist: the publisher is pending.
CREATE TABLE trusted_publishers (
    id TEXT NOT NULL,
    namespace_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    look_alike TEXT NOT NULL,
    package_id BIGINT,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    owner TEXT NOT NULL,
    owner_id TEXT,
    repository TEXT NOT NULL,
    repository_id TEXT,
    workflow TEXT NOT NULL,
    environment TEXT DEFAULT '' NOT NULL,
    created_by BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    CONSTRAINT trusted_publishers_once
        UNIQUE (namespace_id, name, issuer, owner, repository, workflow, environment),
    FOREIGN KEY(namespace_id) REFERENCES namespaces (id),
    FOREIGN KEY(package_id) REFERENCES packages (id),
    FOREIGN KEY(created_by) REFERENCES accounts (id)
);
CREATE INDEX ix_trusted_publishers_package_id ON trusted_publishers (package_id);

-- Which publisher a token was minted for, and what the identity token said.
CREATE TABLE publisher_tokens (
    token_id TEXT NOT NULL,
    publisher_id TEXT NOT NULL,
    claims JSONB DEFAULT '{}' NOT NULL,
    PRIMARY KEY (token_id),
    FOREIGN KEY(token_id) REFERENCES tokens (id)
);
CREATE INDEX ix_publisher_tokens_publisher_id ON publisher_tokens (publisher_id);

-- Identity tokens that were used; a row stays until its token can no longer be good anywhere.
CREATE TABLE used_identity_tokens (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (issuer, jti)
);
CREATE INDEX ix_used_identity_tokens_expires_at ON used_identity_tokens (expires_at);
