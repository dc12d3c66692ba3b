-- Owner: limits. Who ended the pause early; actor stays whoever set it.
ALTER TABLE provider_pauses ADD COLUMN lifted_by TEXT;
