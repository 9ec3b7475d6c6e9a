-- Quotas, idempotency keys, and who may read what in a private registry.

ALTER TABLE namespaces ADD COLUMN restricted BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE packages ADD COLUMN restricted BOOLEAN;

CREATE TABLE package_readers (
    package_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (package_id, account_id),
    FOREIGN KEY(package_id) REFERENCES packages (id),
    FOREIGN KEY(account_id) REFERENCES accounts (id)
);
CREATE INDEX ix_package_readers_account_id ON package_readers (account_id);

CREATE TABLE namespace_quotas (
    namespace_id BIGINT NOT NULL,
    packages BIGINT,
    versions_per_day BIGINT,
    bytes BIGINT,
    PRIMARY KEY (namespace_id),
    FOREIGN KEY(namespace_id) REFERENCES namespaces (id)
);

-- What a namespace uses: kept, because a sum over its versions would be read at each upload.
CREATE TABLE namespace_usage (
    namespace_id BIGINT NOT NULL,
    packages BIGINT DEFAULT 0 NOT NULL,
    bytes BIGINT DEFAULT 0 NOT NULL,
    day DATE DEFAULT current_date NOT NULL,
    versions_today BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (namespace_id),
    FOREIGN KEY(namespace_id) REFERENCES namespaces (id)
);

CREATE TABLE idempotency_keys (
    digest BYTEA NOT NULL,
    request_hash BYTEA NOT NULL,
    status SMALLINT,
    response BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (digest)
);
CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);

INSERT INTO namespace_usage (namespace_id, packages, bytes)
    SELECT n.id, count(DISTINCT p.id),
           coalesce(sum(v.size) FILTER (WHERE v.state NOT IN ('rejected', 'withdrawn')), 0)
    FROM namespaces n LEFT JOIN packages p ON p.namespace_id = n.id
    LEFT JOIN versions v ON v.package_id = p.id GROUP BY n.id;

CREATE FUNCTION namespace_uses(ns BIGINT, more_packages BIGINT, more_bytes BIGINT, uploads BIGINT)
    RETURNS void LANGUAGE sql AS $$
    INSERT INTO namespace_usage AS u (namespace_id, packages, bytes, day, versions_today)
        VALUES (ns, more_packages, more_bytes, (now() AT TIME ZONE 'UTC')::date, uploads)
        ON CONFLICT (namespace_id) DO UPDATE SET
            packages = u.packages + more_packages,
            bytes = u.bytes + more_bytes,
            versions_today = CASE WHEN u.day = excluded.day THEN u.versions_today ELSE 0 END + uploads,
            day = excluded.day
$$;

-- Triggers, so that the release before, which knows nothing of quotas, is counted as well.
CREATE FUNCTION packages_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held BIGINT;
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM namespace_uses(NEW.namespace_id, 1, 0, 0);
        RETURN NULL;
    END IF;
    SELECT coalesce(sum(size), 0) INTO held FROM versions
        WHERE package_id = NEW.id AND state NOT IN ('rejected', 'withdrawn');
    PERFORM namespace_uses(OLD.namespace_id, -1, -held, 0);
    PERFORM namespace_uses(NEW.namespace_id, 1, held, 0);
    RETURN NULL;
END;
$$;
CREATE TRIGGER packages_counted AFTER INSERT ON packages
    FOR EACH ROW EXECUTE FUNCTION packages_count();
CREATE TRIGGER packages_moved AFTER UPDATE OF namespace_id ON packages
    FOR EACH ROW WHEN (OLD.namespace_id <> NEW.namespace_id) EXECUTE FUNCTION packages_count();

CREATE FUNCTION versions_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ns BIGINT;
BEGIN
    SELECT namespace_id INTO ns FROM packages WHERE id = NEW.package_id;
    IF TG_OP = 'INSERT' THEN
        PERFORM namespace_uses(ns, 0, NEW.size, 1);
    ELSE
        PERFORM namespace_uses(ns, 0, -NEW.size, 0);
    END IF;
    RETURN NULL;
END;
$$;
CREATE TRIGGER versions_counted AFTER INSERT ON versions
    FOR EACH ROW EXECUTE FUNCTION versions_count();
CREATE TRIGGER versions_freed AFTER UPDATE OF state ON versions
    FOR EACH ROW WHEN (OLD.state NOT IN ('rejected', 'withdrawn')
                       AND NEW.state IN ('rejected', 'withdrawn'))
    EXECUTE FUNCTION versions_count();
