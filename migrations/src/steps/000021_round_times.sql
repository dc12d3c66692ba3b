-- Owner: outbox. When the round was sealed: what a sender left that was killed goes by its age. None stands at what was there before
-- or comes from an earlier version; it is given one when it is first seen.
ALTER TABLE outbox_rounds ADD COLUMN sealed_at {time};
