-- Owner: accounts. etag is the answer's version, which whoever asks again goes on with.
ALTER TABLE idempotency_keys ADD COLUMN etag TEXT;
