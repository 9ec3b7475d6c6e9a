-- How long a publisher's certificate is to be good: a CI job asks for days, a person for months.

ALTER TABLE publisher_certs ADD COLUMN lifetime_days BIGINT DEFAULT 90 NOT NULL;
