-- What a publisher signed begins as 'submitted': the worker of the release before, which would sign
-- it with the registry's key, leaves it alone. The index serves that release's queries too.

DROP INDEX versions_unfinished;
CREATE INDEX versions_unfinished ON versions (id)
    WHERE state IN ('submitted', 'uploaded', 'vetting', 'signed', 'logged');
