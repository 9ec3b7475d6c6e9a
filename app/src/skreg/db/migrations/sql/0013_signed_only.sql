-- A namespace that takes only versions which it signed itself. A release before this one does not
-- ask for it: the rule holds once no process of that release takes uploads any more.

ALTER TABLE namespaces ADD COLUMN signed_only BOOLEAN DEFAULT false NOT NULL;
