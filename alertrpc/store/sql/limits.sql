-- name: holds
-- Until when the media type is held, and which of its addresses.
SELECT ho.is_whole, ho.sendto, ho.until
FROM holds ho
WHERE ho.mediatypeid = ?

-- name: hold
WITH given AS (
    @rows(?, mediatypeid BIGINT, is_whole BIGINT, sendto TEXT, until BIGINT)
)
INSERT INTO holds (mediatypeid, is_whole, sendto, until)
SELECT mediatypeid, is_whole, sendto, until
FROM given
WHERE true
ON CONFLICT (mediatypeid, is_whole, sendto) DO UPDATE SET until = @greatest(holds.until, excluded.until)

-- name: drop_holds
DELETE FROM holds
WHERE mediatypeid = ? AND until <= ?

-- name: shorten_holds
-- What is later than it can be was written by a clock that was set back since.
UPDATE holds
SET until = ?
WHERE mediatypeid = ? AND until > ?

-- name: shorten_turns
-- What is later than it can be was written by a clock that was set back since, or with a longer timeout.
UPDATE turns
SET ended = ?
WHERE mediatypeid = ? AND ended > ?

-- name: turns
SELECT tu.sendto, tu.ended
FROM turns tu
WHERE tu.mediatypeid = ?
ORDER BY tu.ended

-- name: end_turns
-- The last attempts of alerts have ended.
WITH given AS (
    @rows(?, alertid BIGINT, ended BIGINT)
)
UPDATE turns
SET ended = given.ended
FROM given
WHERE turns.turnid = (SELECT MAX(tu.turnid) FROM turns tu WHERE tu.alertid = given.alertid)

-- name: drop_turns
DELETE FROM turns
WHERE mediatypeid = ? AND ended <= ?

-- name: give_back
DELETE FROM turns
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed) AND ended > ?

-- name: end_holds
DELETE FROM holds
WHERE mediatypeid = ?
