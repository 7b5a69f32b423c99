-- name: disabled
SELECT ug.userid
FROM users_groups ug
@ordered JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid AND usg.users_status = 1

-- name: of_session
SELECT
    u.userid, ro.type, ro.may_call, ro.is_sender,
    s.lastaccess,
    EXISTS (SELECT 1 FROM @users.disabled d WHERE d.userid = u.userid)
FROM sessions s
@ordered JOIN users u ON u.userid = s.userid
@ordered JOIN @roles.rights ro ON ro.roleid = u.roleid
WHERE s.sessionid = ?

-- name: of_token
SELECT
    u.userid, ro.type, ro.may_call, ro.is_sender,
    tk.lastaccess,
    tk.status = 1 OR EXISTS (SELECT 1 FROM @users.disabled d WHERE d.userid = u.userid),
    tk.expires_at
FROM token tk
@ordered JOIN users u ON u.userid = tk.userid
@ordered JOIN @roles.rights ro ON ro.roleid = u.roleid
WHERE tk.token = ?

-- name: of_login
SELECT
    u.userid, ro.type, ro.may_call, ro.is_sender,
    @bytes(u.passwd),
    u.attempt_failed,
    u.attempt_clock,
    EXISTS (SELECT 1 FROM @users.disabled d WHERE d.userid = u.userid)
FROM users u
LEFT JOIN @roles.rights ro ON ro.roleid = u.roleid
WHERE u.username = ?

-- name: role
SELECT COALESCE(ro.name, ''), u.userid, ro.type, ro.may_call, ro.is_sender
FROM users u
LEFT JOIN @roles.rights ro ON ro.roleid = u.roleid
WHERE u.userid = ?

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
