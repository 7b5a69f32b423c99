-- name: disabled
SELECT ug.userid
FROM users_groups ug
@ordered JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid AND usg.users_status = 1

-- name: callers
-- The users with what their roles allow; a user without a role, who has NULL there, may not log in.
SELECT
    u.userid,
    u.username,
    u.passwd,
    u.attempt_failed,
    u.attempt_clock,
    ro.name AS role,
    ro.type,
    ro.may_call,
    ro.is_sender,
    EXISTS (SELECT 1 FROM @users.disabled d WHERE d.userid = u.userid) AS is_disabled
FROM users u
LEFT JOIN @roles.rights ro ON ro.roleid = u.roleid

-- name: of_session
SELECT c.userid, c.type, c.may_call, c.is_sender, s.lastaccess, c.is_disabled
FROM sessions s
@ordered JOIN @users.callers c ON c.userid = s.userid
WHERE s.sessionid = ?

-- name: of_token
SELECT c.userid, c.type, c.may_call, c.is_sender, tk.lastaccess, tk.status = 1 OR c.is_disabled, tk.expires_at
FROM token tk
@ordered JOIN @users.callers c ON c.userid = tk.userid
WHERE tk.token = ?

-- name: of_login
SELECT c.userid, c.type, c.may_call, c.is_sender, @bytes(c.passwd), c.attempt_failed, c.attempt_clock, c.is_disabled
FROM @users.callers c
WHERE c.username = ?

-- name: role
SELECT COALESCE(c.role, ''), c.userid, c.type, c.may_call, c.is_sender
FROM @users.callers c
WHERE c.userid = ?

-- name: id
SELECT userid
FROM users
WHERE username = ?

-- name: username
SELECT @bytes(username)
FROM users
WHERE userid = ?

-- name: all
SELECT
    u.userid,
    u.username,
    COALESCE(ro.name, ''),
    COALESCE(@joined(usg.name, ', '), ''),
    COALESCE(MAX(usg.users_status), 0)
FROM users u
LEFT JOIN role ro ON ro.roleid = u.roleid
LEFT JOIN users_groups ug ON ug.userid = u.userid
LEFT JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid
GROUP BY u.userid, u.username, ro.name
ORDER BY u.username

-- name: colleagues
SELECT DISTINCT u.username
FROM users_groups mine
JOIN users_groups theirs ON theirs.usrgrpid = mine.usrgrpid
JOIN users u ON u.userid = theirs.userid
WHERE mine.userid = ? AND theirs.userid <> mine.userid
ORDER BY u.username

-- name: add
INSERT INTO users (username, passwd, roleid)
VALUES (?, ?, ?)
RETURNING userid

-- name: set_names
UPDATE users
SET name = ?, surname = ?
WHERE userid = ?

-- name: set_password
UPDATE users
SET passwd = ?, attempt_failed = 0
WHERE userid = ?

-- name: record_failure
UPDATE users
SET attempt_failed = attempt_failed + 1, attempt_ip = ?, attempt_clock = ?
WHERE userid = ?

-- name: forget_failures
UPDATE users
SET attempt_failed = 0
WHERE userid = ? AND attempt_failed > 0
