-- Owner: database. Who may act alone.
CREATE TABLE leases (
  role TEXT PRIMARY KEY,
  holder {uuid} NOT NULL,
  fence {bigint} NOT NULL,
  expires_at {time} NOT NULL
);
