-- Owner: outbox. What is tried again was handed out long ago, so that whoever asks how the last attempts ended does not meet it among the
-- last deliveries. Few attempts are not the first.
CREATE INDEX attempts_further ON attempts (mailing_no, noted_at) WHERE attempt > 1;
