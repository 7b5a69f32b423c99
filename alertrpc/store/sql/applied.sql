-- name: add
INSERT INTO applied (object, objectid)
VALUES (?, ?)

-- name: drop
DELETE FROM applied
WHERE object = ? AND objectid = ?
