-- Owner: subscribers. When the next mail about a request is due: the question that waits for its day, or the reminder. Null: none
-- is. Of older requests it is looked up once whether a mail is due.
ALTER TABLE opt_ins ADD COLUMN due_at {time};

UPDATE opt_ins SET due_at = COALESCE(mailed_at, requested_at) WHERE state = 'pending' AND reminded_at IS NULL;

CREATE INDEX opt_ins_due ON opt_ins (due_at) WHERE due_at IS NOT NULL;
