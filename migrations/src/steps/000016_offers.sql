-- Owner: outbox. Whether the attempt came so far that a relay was offered the message; one that we withheld, or cut short before
-- the relay had said anything, does not count when it is asked how often the message was tried.
ALTER TABLE attempts ADD COLUMN offered BOOLEAN NOT NULL DEFAULT {true};
