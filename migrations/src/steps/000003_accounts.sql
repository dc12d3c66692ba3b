-- Owner: accounts. Programs, and what anybody did.
CREATE TABLE api_tokens (
  id {uuid} PRIMARY KEY,
  name TEXT NOT NULL,
  secret_hash {bytes} NOT NULL CONSTRAINT api_tokens_secret_key UNIQUE,
  scopes TEXT NOT NULL,
  created_at {time} NOT NULL,
  created_by TEXT NOT NULL,
  expires_at {time},
  last_used_at {time},
  revoked_at {time},
  revoked_by TEXT
);

CREATE TABLE audit_log (
  id {serial},
  at {time} NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  object TEXT NOT NULL,
  detail TEXT
);

CREATE INDEX audit_log_object ON audit_log (object, id);

-- An answer is null while its request is still at work.
CREATE TABLE idempotency_keys (
  token_id {uuid} NOT NULL,
  key TEXT NOT NULL,
  request {bytes} NOT NULL,
  status INTEGER,
  body TEXT,
  created_at {time} NOT NULL,
  PRIMARY KEY (token_id, key)
);
