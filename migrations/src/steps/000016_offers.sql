-- Owner: outbox. Whether the attempt came so far that a relay was offered the message; one that we withheld, or cut short before
-- the relay had said anything, does not count when it is asked how often the message was tried.
ALTER TABLE attempts ADD COLUMN offered BOOLEAN NOT NULL DEFAULT {true};

-- Of those before, the rule tells what we withheld, and the phase what never reached a relay that had anything to say. One that was cut
-- short in the middle looks as if its connection had broken, and counts.
UPDATE attempts SET offered = {false}
WHERE rule IN ('withheld', 'unfit') OR (code IS NULL AND phase IN ('connect', 'tls', 'auth'));
