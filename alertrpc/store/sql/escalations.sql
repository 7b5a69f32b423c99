-- name: due
SELECT escalationid, actionid, eventid, esc_step, started, severity, risen
FROM escalations
WHERE nextcheck IS NOT NULL AND nextcheck <= ?
ORDER BY nextcheck, escalationid
LIMIT ?

-- name: due_of_problems
SELECT escalationid, actionid, eventid, esc_step, started, severity, risen
FROM escalations
WHERE eventid IN (SELECT listed.value FROM @numbers(?) listed) AND nextcheck IS NOT NULL AND nextcheck <= ?
ORDER BY escalationid

-- name: of_problems
SELECT escalationid, actionid, eventid, esc_step, started, severity, risen
FROM escalations
WHERE eventid IN (SELECT listed.value FROM @numbers(?) listed)
ORDER BY escalationid

-- name: next
SELECT MIN(nextcheck)
FROM escalations
WHERE nextcheck IS NOT NULL

-- name: put_off
-- STARTS becomes STARTS_AND_RECOVERS, any other step RECOVERS.
UPDATE escalations
SET nextcheck = ?, esc_step = CASE esc_step WHEN ? THEN CAST(? AS BIGINT) ELSE ? END
WHERE eventid IN (SELECT listed.value FROM @numbers(?) listed)
RETURNING eventid

-- name: check_all
UPDATE escalations
SET nextcheck = 0

-- name: drop
DELETE FROM escalations
WHERE escalationid IN (SELECT listed.value FROM @numbers(?) listed)
