-- name: holds
-- Until when which addresses of a media type are held; '' is every address.
SELECT ho.sendto, ho.until
FROM holds ho
WHERE ho.mediatypeid = ?

-- name: hold
WITH given AS (
    @rows(?, mediatypeid BIGINT, sendto TEXT, until BIGINT)
)
INSERT INTO holds (mediatypeid, sendto, until)
SELECT mediatypeid, sendto, until
FROM given
WHERE true
ON CONFLICT (mediatypeid, sendto) DO UPDATE SET until = @greatest(holds.until, excluded.until)

-- name: drop_holds
DELETE FROM holds
WHERE mediatypeid = ? AND until <= ?

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
