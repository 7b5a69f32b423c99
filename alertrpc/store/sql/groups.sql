-- name: all
SELECT
    usg.usrgrpid,
    usg.name,
    usg.users_status,
    (
        SELECT COALESCE(@joined(username, ', '), '')
        FROM (
            SELECT u.username
            FROM users_groups ug
            JOIN users u ON u.userid = ug.userid
            WHERE ug.usrgrpid = usg.usrgrpid
            ORDER BY u.username
        ) members
    ),
    (
        SELECT COALESCE(@joined(told, ', '), '')
        FROM (
            SELECT CASE r.permission WHEN 0 THEN 'deny' WHEN 2 THEN 'read' ELSE 'write' END || ' ' || g.name AS told
            FROM rights r
            JOIN hstgrp g ON g.groupid = r.id
            WHERE r.groupid = usg.usrgrpid
            ORDER BY g.name
        ) rights_of_group
    )
FROM usrgrp usg
ORDER BY usg.name, usg.usrgrpid

-- name: first_named
SELECT MIN(usrgrpid)
FROM usrgrp
WHERE name = ?

-- name: add
INSERT INTO usrgrp (name)
VALUES (?)
RETURNING usrgrpid

-- name: add_default
INSERT INTO usrgrp (usrgrpid, name, users_status)
VALUES (?, ?, ?)
ON CONFLICT DO NOTHING

-- name: join
INSERT INTO users_groups (usrgrpid, userid)
VALUES (?, ?)
ON CONFLICT DO NOTHING

-- name: membership_by_hand
DELETE FROM applied
WHERE object = 'users_groups'
    AND objectid = (SELECT id FROM users_groups WHERE usrgrpid = ? AND userid = ?)

-- name: leave
DELETE FROM users_groups
WHERE usrgrpid = ? AND userid = ?

-- name: of_user
SELECT usg.name, usg.users_status
FROM users_groups ug
JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid
WHERE ug.userid = ?
ORDER BY usg.users_status, usg.name

-- name: rights_of_user
SELECT g.name, r.permission, usg.name
FROM users_groups ug
JOIN usrgrp usg ON usg.usrgrpid = ug.usrgrpid
JOIN rights r ON r.groupid = usg.usrgrpid
JOIN hstgrp g ON g.groupid = r.id AND g.type = 0
WHERE ug.userid = ?
ORDER BY g.name, r.permission, usg.name

-- name: open_to_user
-- How many host groups a user may read: a group without right 0, deny, and with right 2 or 3.
SELECT COUNT(*)
FROM (
    SELECT 1
    FROM users_groups ug
    JOIN rights r ON r.groupid = ug.usrgrpid
    JOIN hstgrp g ON g.groupid = r.id AND g.type = 0
    WHERE ug.userid = ?
    GROUP BY r.id
    HAVING MIN(r.permission) <> 0 AND MAX(r.permission) >= 2
) readable

-- name: first_that_reads
SELECT usg.name
FROM usrgrp usg
WHERE usg.users_status = 0
    AND EXISTS (
        SELECT 1
        FROM rights r
        JOIN hstgrp g ON g.groupid = r.id AND g.type = 0
        WHERE r.groupid = usg.usrgrpid AND r.permission >= 2
    )
ORDER BY usg.name
LIMIT 1

-- name: drop_right
DELETE FROM rights
WHERE groupid = ? AND id = ?

-- name: add_right
INSERT INTO rights (groupid, permission, id)
VALUES (?, ?, ?)

-- name: first_host_group
SELECT MIN(groupid)
FROM hstgrp
WHERE name = ? AND type = 0

-- name: add_host_group
INSERT INTO hstgrp (name)
VALUES (?)
RETURNING groupid

-- name: action_that_alerts
SELECT ac.name
FROM action_steps st
JOIN actions ac ON ac.actionid = st.actionid
CROSS JOIN @numbers(st.usrgrpids) listed
WHERE listed.value = ?
LIMIT 1

-- name: keeps_disabled
SELECT 1
FROM usrgrp usg
JOIN users_groups ug ON ug.usrgrpid = usg.usrgrpid
WHERE usg.usrgrpid = ? AND usg.users_status = 1

-- name: drop_members
DELETE FROM users_groups
WHERE usrgrpid = ?

-- name: drop_rights
DELETE FROM rights
WHERE groupid = ?

-- name: drop
DELETE FROM usrgrp
WHERE usrgrpid = ?
