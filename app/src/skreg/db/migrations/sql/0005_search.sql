-- Search by tiers of popularity, downloads counted once an address and day, changes for mirrors.

-- Up to the 2,000th most popular package tier 0, to the 10,000th 1, the 50,000th 2, the 250,000th 3,
-- the rest 4; a worker's job sets it anew. The four indexes take a third of the whole one's space.
ALTER TABLE package_search ADD COLUMN tier SMALLINT DEFAULT 4 NOT NULL;
CREATE INDEX package_search_tier0 ON package_search USING gin (document) WITH (fastupdate = off) WHERE tier <= 0;
CREATE INDEX package_search_tier1 ON package_search USING gin (document) WITH (fastupdate = off) WHERE tier <= 1;
CREATE INDEX package_search_tier2 ON package_search USING gin (document) WITH (fastupdate = off) WHERE tier <= 2;
CREATE INDEX package_search_tier3 ON package_search USING gin (document) WITH (fastupdate = off) WHERE tier <= 3;
CREATE INDEX package_search_exact ON package_search (name);

-- A pending list would be read through by every search.
ALTER INDEX package_search_document SET (fastupdate = off);

-- Names and tags both as written and as English stems, so that one query finds a word wherever it
-- stands. Lexemes with a colon, which no text is parsed into, let the index's own lists answer what
-- would otherwise be tried on every row that a common word finds: filters, and words of names.
CREATE OR REPLACE FUNCTION package_search_fill() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    words TEXT := replace(NEW.name, '-', ' ') || ' ' || NEW.name;
    tagged TEXT := array_to_string(NEW.tags, ' ');
BEGIN
    NEW.document :=
        setweight(to_tsvector('simple', words) || to_tsvector('english', words), 'A') ||
        setweight(to_tsvector('simple', replace(NEW.namespace, '-', ' ')), 'B') ||
        setweight(to_tsvector('simple', tagged) || to_tsvector('english', tagged), 'B') ||
        setweight(to_tsvector('english', NEW.description), 'C') ||
        setweight(to_tsvector('english', replace(NEW.category, '-', ' ')), 'D') ||
        array_to_tsvector(ARRAY['namespace:' || NEW.namespace, 'category:' || NEW.category] ||
                          ARRAY(SELECT 'tag:' || tag FROM unnest(NEW.tags) AS tag) ||
                          ARRAY(SELECT 'name:' || word
                                FROM unnest(tsvector_to_array(to_tsvector('english', words))) AS word));
    RETURN NEW;
END;
$$;
-- Popularity and tier change often and say nothing of the text.
DROP TRIGGER package_search_document ON package_search;
CREATE TRIGGER package_search_document
    BEFORE INSERT OR UPDATE OF namespace, name, description, category, tags ON package_search
    FOR EACH ROW EXECUTE FUNCTION package_search_fill();
UPDATE package_search SET name = name;
SELECT gin_clean_pending_list('package_search_document');

-- How many packages use a tag or category: kept, because counting a million rows takes a second.
CREATE TABLE search_facets (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    packages BIGINT NOT NULL,
    PRIMARY KEY (kind, name)
);
CREATE INDEX search_facets_most ON search_facets (kind, packages);
CREATE FUNCTION package_search_count() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before TEXT[];
    after TEXT[];
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := ARRAY['category:' || OLD.category] ||
                  ARRAY(SELECT DISTINCT 'tag:' || tag FROM unnest(OLD.tags) AS tag);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := ARRAY['category:' || NEW.category] ||
                 ARRAY(SELECT DISTINCT 'tag:' || tag FROM unnest(NEW.tags) AS tag);
    END IF;
    INSERT INTO search_facets AS f (kind, name, packages)
        SELECT split_part(facet, ':', 1), substr(facet, strpos(facet, ':') + 1), sum(step)
        FROM (SELECT unnest(before) AS facet, -1 AS step
              UNION ALL SELECT unnest(after), 1) AS steps
        WHERE facet <> 'category:'
        GROUP BY facet HAVING sum(step) <> 0 ORDER BY facet
        ON CONFLICT (kind, name) DO UPDATE SET packages = f.packages + excluded.packages;
    DELETE FROM search_facets WHERE kind IN ('category', 'tag') AND packages <= 0;
    RETURN NULL;
END;
$$;
CREATE TRIGGER package_search_facets AFTER INSERT OR DELETE OR UPDATE OF category, tags
    ON package_search FOR EACH ROW EXECUTE FUNCTION package_search_count();
INSERT INTO search_facets (kind, name, packages)
    SELECT 'category', category, count(*) FROM package_search WHERE category <> '' GROUP BY category
    UNION ALL
    SELECT 'tag', tag, count(DISTINCT package_id) FROM package_search, unnest(tags) AS tag GROUP BY tag;

-- One row an address, package and day. The address is kept as a hash under the day's salt, and
-- the salt is removed with the day: afterwards nobody can tell whose row it was.
CREATE TABLE visit_salts (
    day DATE NOT NULL,
    salt BYTEA NOT NULL,
    PRIMARY KEY (day)
);
CREATE TABLE download_visits (
    day DATE NOT NULL,
    package_id BIGINT NOT NULL,
    visitor BYTEA NOT NULL,
    PRIMARY KEY (day, package_id, visitor),
    FOREIGN KEY(package_id) REFERENCES packages (id)
);
CREATE TABLE download_days (
    package_id BIGINT NOT NULL,
    day DATE NOT NULL,
    addresses BIGINT DEFAULT 0 NOT NULL,
    PRIMARY KEY (package_id, day),
    FOREIGN KEY(package_id) REFERENCES packages (id)
);

-- What mirrors follow: a row for every index document that the read plane newly shows. Numbers
-- are given under a lock that lasts until commit, so a smaller one never appears after a larger.
-- Triggers write it, so that no release of the worker can forget to.
CREATE TABLE changes (
    seq BIGINT NOT NULL,
    package_id BIGINT NOT NULL,
    index_sequence BIGINT NOT NULL,
    published TEXT[] DEFAULT '{}' NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    PRIMARY KEY (seq),
    FOREIGN KEY(package_id) REFERENCES packages (id)
);
CREATE INDEX changes_package ON changes (package_id, seq);
CREATE INDEX changes_published ON changes (seq) WHERE published <> '{}';

CREATE FUNCTION changes_append() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock((x'736b7265'::bigint << 24) + 4);
    INSERT INTO changes (seq, package_id, index_sequence)
        SELECT coalesce(max(seq), 0) + 1, NEW.package_id, NEW.sequence FROM changes;
    RETURN NULL;
END;
$$;
CREATE TRIGGER index_documents_change AFTER UPDATE OF committed ON index_documents
    FOR EACH ROW WHEN (NEW.committed AND NOT OLD.committed) EXECUTE FUNCTION changes_append();

-- A version is published in the transaction that commits its package's document, after that.
CREATE FUNCTION changes_publish() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE changes SET published = published || NEW.version
        WHERE seq = (SELECT max(seq) FROM changes WHERE package_id = NEW.package_id);
    RETURN NULL;
END;
$$;
CREATE TRIGGER versions_published AFTER UPDATE OF state ON versions
    FOR EACH ROW WHEN (NEW.state = 'published' AND OLD.state = 'logged')
    EXECUTE FUNCTION changes_publish();

INSERT INTO changes (seq, package_id, index_sequence, published, at)
    SELECT row_number() OVER (ORDER BY v.published_at, v.id), v.package_id, d.sequence,
           ARRAY[v.version], v.published_at
    FROM versions v JOIN index_documents d ON d.package_id = v.package_id
    WHERE v.state IN ('published', 'yanked') AND v.published_at IS NOT NULL;
