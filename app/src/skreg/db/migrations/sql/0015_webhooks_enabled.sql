-- When a webhook that was switched off was switched on again: what failed before does not count.

ALTER TABLE webhooks ADD COLUMN enabled_at TIMESTAMP WITH TIME ZONE;
