-- What the registry itself yanks or takes down, by an administrator or by the operator at the
-- shell, who has no account: its owners do not bring it back.

ALTER TABLE versions ADD COLUMN yanked_by_staff BOOLEAN DEFAULT false NOT NULL;
ALTER TABLE withdrawals ALTER COLUMN asked_by DROP NOT NULL;
