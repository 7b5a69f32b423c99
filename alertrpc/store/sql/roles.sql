-- name: rights
-- Roles with what they allow: to call methods, and to push alarms.
-- Zabbix's rule api.access with value 0 takes all methods away; alertrpc.push is ours.
SELECT
    ro.roleid,
    ro.name,
    ro.type,
    NOT EXISTS (
        SELECT 1
        FROM role_rule rr
        WHERE rr.roleid = ro.roleid AND rr.name = 'api.access' AND rr.value_int = 0
    ) AS may_call,
    EXISTS (
        SELECT 1
        FROM role_rule rr
        WHERE rr.roleid = ro.roleid AND rr.name = 'alertrpc.push' AND rr.value_int = 1
    ) AS is_sender
FROM role ro

-- name: first_like
SELECT MIN(roleid)
FROM @roles.rights ro
WHERE type = ? AND may_call = ? AND is_sender = ?

-- name: add_default
INSERT INTO role (roleid, name, type)
VALUES (?, ?, ?)
ON CONFLICT DO NOTHING

-- name: add
INSERT INTO role (name, type)
VALUES (?, ?)
RETURNING roleid

-- name: make_sender
INSERT INTO role_rule (roleid, name, value_int)
VALUES (?, 'api.access', 0), (?, 'alertrpc.push', 1)
