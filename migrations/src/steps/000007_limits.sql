-- Owner: limits. Providers that take nothing for now, and why.
CREATE TABLE provider_pauses (
  provider TEXT PRIMARY KEY,
  until {time} NOT NULL,
  rule TEXT NOT NULL,
  words TEXT NOT NULL,
  since {time} NOT NULL,
  actor TEXT NOT NULL
);
