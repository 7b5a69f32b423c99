-- name: find
SELECT body, eventids
FROM idempotency_keys
WHERE userid = ? AND key = ?

-- name: keep
INSERT INTO idempotency_keys (userid, key, body, eventids, clock)
VALUES (?, ?, ?, ?, ?)

-- name: forget_old
DELETE FROM idempotency_keys
WHERE clock < ?
