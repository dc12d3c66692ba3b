-- Owner: feedback. What in a mail service's request is good once, as a digest, for as long as a request with it could be believed.
CREATE TABLE webhook_tokens (
  digest {bytes} PRIMARY KEY,
  seen_at {time} NOT NULL
);

CREATE INDEX webhook_tokens_seen_at ON webhook_tokens (seen_at);
