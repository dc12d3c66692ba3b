-- Owner: feedback. What was reported long ago is found and forgotten by its time.
CREATE INDEX report_digests_seen_at ON report_digests (seen_at);
