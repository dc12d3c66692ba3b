-- Owner: outbox. What a relay calls the message that it took in this attempt: a mail service that takes mail over HTTP names it, and by that
-- name what it tells later is found. SMTP servers name nothing.
ALTER TABLE attempts ADD COLUMN relay_message_id TEXT;

CREATE INDEX attempts_relay_message ON attempts (relay_message_id) WHERE relay_message_id IS NOT NULL;
