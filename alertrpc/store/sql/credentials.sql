-- name: start_session
INSERT INTO sessions (sessionid, userid, lastaccess)
VALUES (?, ?, ?)

-- name: end_session
DELETE FROM sessions
WHERE sessionid = ?

-- name: end_sessions
DELETE FROM sessions
WHERE userid = ?

-- name: end_old_sessions
DELETE FROM sessions
WHERE lastaccess < ?

-- name: session_used
UPDATE sessions
SET lastaccess = @greatest(lastaccess, ?)
WHERE sessionid = ?

-- name: token_used
UPDATE token
SET lastaccess = @greatest(lastaccess, ?)
WHERE token = ?

-- name: token_named
SELECT 1
FROM token
WHERE userid = ? AND name = ?

-- name: add_token
INSERT INTO token (name, token, created_at, expires_at, userid, creator_userid)
VALUES (?, ?, ?, ?, ?, ?)

-- name: tokens
SELECT tk.tokenid, u.username, tk.name, tk.expires_at, tk.lastaccess
FROM token tk
JOIN users u ON u.userid = tk.userid
ORDER BY u.username, tk.name

-- name: tokens_of_user
SELECT name, expires_at, lastaccess, status
FROM token
WHERE userid = ?
ORDER BY name

-- name: delete_token
DELETE FROM token
WHERE tokenid = ?
