-- SemVer gives versions that differ in build metadata alone one precedence: one of them exists.

CREATE UNIQUE INDEX versions_precedence ON versions (package_id, split_part(version, '+', 1));
