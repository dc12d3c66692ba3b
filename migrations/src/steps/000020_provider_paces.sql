-- Owner: limits. Providers that have asked for less, in messages an hour: whole is what they got before, slowed what they got after their
-- last word at slowed_at. From recovers_from on it grows until it is whole again.
CREATE TABLE provider_paces (
  provider TEXT PRIMARY KEY,
  whole {bigint} NOT NULL,
  slowed {bigint} NOT NULL,
  slowed_at {time} NOT NULL,
  recovers_from {time} NOT NULL,
  rule TEXT NOT NULL,
  words TEXT NOT NULL,
  lifted_by TEXT
);
