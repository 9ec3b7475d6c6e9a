-- Until when one process alone sends a delivery. A release before this one does not look at it: two
-- releases that work at once may send an event twice, under the same webhook-id.

ALTER TABLE webhook_deliveries ADD COLUMN claimed_until TIMESTAMP WITH TIME ZONE;
