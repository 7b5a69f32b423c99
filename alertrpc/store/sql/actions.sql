-- name: revision
SELECT revision
FROM instance

-- name: raise_revision
UPDATE instance
SET revision = revision + 1

-- name: rules
-- The enabled actions, and the seconds after which their steps are due.
SELECT @json_array_of(@json_object(
    'actionid', ac.actionid,
    'alarm_type', @json(ar.alarm_type),
    'target', @json(ar.target),
    'labels', @json(ar.labels),
    'min_severity', ar.min_severity,
    'recovery', ar.recovery,
    'repeat_every', ar.repeat_every,
    'resolve_after', ar.resolve_after,
    'settle', ar.settle,
    'updates', ar.updates,
    'afters', @json((
        SELECT @json_array_of(st.after)
        FROM (SELECT after FROM action_steps WHERE actionid = ac.actionid ORDER BY esc_step) st
    ))
))
FROM (SELECT actionid FROM actions WHERE status = 0 AND eventsource = 0 ORDER BY actionid) ac
@ordered JOIN action_rules ar ON ar.actionid = ac.actionid

-- name: templates
SELECT mm.mediatypeid, mm.recovery, mm.subject, mm.message
FROM media_type_message mm
WHERE mm.eventsource = 0

-- name: receivers
-- Whom steps alert: each enabled user, with the media that the step uses, or NULL.
-- The order holds: what is asked for, then whom it names, then their rows by id.
WITH given AS NOT MATERIALIZED (
    @rows(?, actionid BIGINT, esc_step BIGINT)
),
asked AS MATERIALIZED (
    SELECT given.place, st.userids, st.usrgrpids, st.mediatypeids
    FROM given
    @ordered JOIN action_steps st ON st.actionid = given.actionid AND st.esc_step = given.esc_step
),
named AS (
    SELECT asked.place, asked.mediatypeids, listed.value AS userid
    FROM asked
    CROSS JOIN @numbers(asked.userids) listed
    UNION
    SELECT asked.place, asked.mediatypeids, ug.userid
    FROM asked
    CROSS JOIN @numbers(asked.usrgrpids) listed
    @ordered JOIN users_groups ug ON ug.usrgrpid = listed.value
)
SELECT @json_array_of(@json_array(place, userid, mediatypeid, sendto, severity, period))
FROM (
    SELECT named.place, u.userid, m.mediatypeid, m.sendto, m.severity, m.period
    FROM named
    @ordered JOIN users u ON u.userid = named.userid
    LEFT JOIN media m ON m.userid = u.userid
        AND m.active = 0
        AND (named.mediatypeids IS NULL
            OR m.mediatypeid IN (SELECT listed.value FROM @numbers(named.mediatypeids) listed))
        AND EXISTS (SELECT 1 FROM media_type mt WHERE mt.mediatypeid = m.mediatypeid AND mt.status = 0)
    WHERE NOT EXISTS (SELECT 1 FROM @users.disabled d WHERE d.userid = u.userid)
    ORDER BY named.place, u.userid, m.mediaid
) found

-- name: test
-- The action of all tests: `applied` has it under a name that is not a table's.
SELECT ac.actionid
FROM applied ap
JOIN actions ac ON ac.actionid = ap.objectid
WHERE ap.object = ?

-- name: add_test
INSERT INTO actions (name, status)
VALUES ('Test messages', 1)
RETURNING actionid

-- name: add_rules
INSERT INTO action_rules (actionid)
VALUES (?)
ON CONFLICT DO NOTHING

-- name: steps
SELECT actionid, esc_step, after, userids, usrgrpids, mediatypeids
FROM action_steps
WHERE actionid = ?
ORDER BY esc_step

-- name: drop_steps
DELETE FROM action_steps
WHERE actionid = ?
