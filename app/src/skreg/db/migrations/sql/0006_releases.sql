-- Withdrawals, moves and who depends on whom: new tables and columns that may stay empty, so that
-- the release before goes on serving while and after this runs.

-- Where a package went on under another name; its own versions stay where they are.
ALTER TABLE packages ADD COLUMN moved_to BIGINT REFERENCES packages (id);
CREATE INDEX packages_moved_to ON packages (moved_to) WHERE moved_to IS NOT NULL;

-- A version that was taken away: by its owner (unpublished) or by the registry (takedown). The
-- worker removes the archive, then what CDNs keep of it; each is tried until it is done.
CREATE TABLE withdrawals (
    version_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT DEFAULT '' NOT NULL,
    asked_by BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    removed_at TIMESTAMP WITH TIME ZONE,
    invalidated_at TIMESTAMP WITH TIME ZONE,
    attempts BIGINT DEFAULT 0 NOT NULL,
    last_error TEXT,
    next_attempt_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (version_id),
    FOREIGN KEY(version_id) REFERENCES versions (id),
    FOREIGN KEY(asked_by) REFERENCES accounts (id)
);
CREATE INDEX withdrawals_unfinished ON withdrawals (next_attempt_at) WHERE invalidated_at IS NULL;

-- A package that its owner offers to another namespace, until somebody there answers.
CREATE TABLE transfers (
    id TEXT NOT NULL,
    package_id BIGINT NOT NULL,
    to_namespace_id BIGINT NOT NULL,
    to_name TEXT NOT NULL,
    asked_by BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT transfers_once UNIQUE (package_id),
    FOREIGN KEY(package_id) REFERENCES packages (id),
    FOREIGN KEY(to_namespace_id) REFERENCES namespaces (id),
    FOREIGN KEY(asked_by) REFERENCES accounts (id)
);
CREATE INDEX ix_transfers_to_namespace_id ON transfers (to_namespace_id);

-- What each version depends on, as rows, so that 'who needs this package' is one index lookup.
-- A trigger writes them: no release of the api can forget to.
CREATE TABLE version_dependencies (
    version_id BIGINT NOT NULL,
    package TEXT NOT NULL,
    wanted TEXT NOT NULL,
    PRIMARY KEY (version_id, package),
    FOREIGN KEY(version_id) REFERENCES versions (id)
);
CREATE INDEX ix_version_dependencies_package ON version_dependencies (package);

CREATE FUNCTION versions_note_dependencies() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO version_dependencies (version_id, package, wanted)
        SELECT NEW.id, key, value FROM jsonb_each_text(coalesce(NEW.manifest -> 'dependencies', '{}'))
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END;
$$;
CREATE TRIGGER versions_dependencies AFTER INSERT ON versions
    FOR EACH ROW EXECUTE FUNCTION versions_note_dependencies();
INSERT INTO version_dependencies (version_id, package, wanted)
    SELECT v.id, d.key, d.value
    FROM versions v, jsonb_each_text(coalesce(v.manifest -> 'dependencies', '{}')) AS d
    ON CONFLICT DO NOTHING;
