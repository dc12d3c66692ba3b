-- Owner: subscribers. Who asked for the pause and when, and who ended it early. Of older pauses nobody knows: null.
ALTER TABLE pauses ADD COLUMN set_at {time};

ALTER TABLE pauses ADD COLUMN set_by TEXT;

ALTER TABLE pauses ADD COLUMN ended_at {time};

ALTER TABLE pauses ADD COLUMN ended_by TEXT;
