-- name: known
-- The rows that exist for alarms: the active problem, or else the last one, the trigger and the host.
-- The alarms lead to the triggers of pushes; of the other triggers on a host, only the oldest are looked through.
WITH given AS (
    @rows(?, identity TEXT, target TEXT, alarm_type TEXT)
)
SELECT @json_array_of(@json_array(
    al.eventid,
    al.digest,
    al.resolve_after,
    @json(COALESCE(al.reports, '{}')),
    al.ended_at,
    CASE WHEN al.eventid IS NULL THEN (
        SELECT MAX(al.eventid)
        FROM alarms al
        WHERE al.target = given.target AND al.alarm_type = given.alarm_type AND al.identity = given.identity
    ) END,
    CASE WHEN al.eventid IS NULL THEN COALESCE(
        (
            SELECT e.objectid
            FROM alarms al
            @ordered JOIN events e ON e.eventid = al.eventid
            WHERE al.target = given.target AND al.alarm_type = given.alarm_type
            LIMIT 1
        ),
        (
            SELECT t.triggerid
            FROM (
                SELECT oh.objectid
                FROM hosts h
                @ordered JOIN object_hosts oh ON oh.hostid = h.hostid AND oh.object = 0
                WHERE h.host = given.target AND h.status IN (0, 1)
                LIMIT ?
            ) looked
            @ordered JOIN triggers t ON t.triggerid = looked.objectid
            WHERE t.description = given.alarm_type
            LIMIT 1
        )
    ) END,
    CASE WHEN al.eventid IS NULL THEN (
        SELECT MIN(h.hostid)
        FROM hosts h
        WHERE h.host = given.target AND h.status IN (0, 1)
    ) END
))
FROM given
LEFT JOIN alarms al ON al.identity = given.identity AND al.resolved_at IS NULL

-- name: last_ids
-- The greatest ids that rows have, or that other rows still name.
SELECT
    @greatest(
        (SELECT COALESCE(MAX(hostid), 0) FROM hosts),
        (SELECT COALESCE(MAX(hostid), 0) FROM hosts_groups),
        (SELECT COALESCE(MAX(hostid), 0) FROM object_hosts)
    ),
    @greatest(
        (SELECT COALESCE(MAX(triggerid), 0) FROM triggers),
        (SELECT COALESCE(MAX(objectid), 0) FROM events),
        (SELECT COALESCE(MAX(objectid), 0) FROM object_hosts WHERE object = 0)
    ),
    @greatest(
        (SELECT COALESCE(MAX(eventid), 0) FROM events),
        (SELECT COALESCE(MAX(eventid), 0) FROM event_tag),
        (SELECT COALESCE(MAX(eventid), 0) FROM event_recovery),
        (SELECT COALESCE(MAX(r_eventid), 0) FROM event_recovery),
        (SELECT COALESCE(MAX(eventid), 0) FROM alerts),
        (SELECT COALESCE(MAX(p_eventid), 0) FROM alerts WHERE p_eventid IS NOT NULL)
    )

-- name: of_problems
SELECT @json_array_of(@json_object(
    'id', al.eventid,
    'identity', al.identity,
    'alarm_type', al.alarm_type,
    'target', al.target,
    'level', al.level,
    'name', al.name,
    'summary', al.summary,
    'description', al.description,
    'url', al.url,
    'annotations', @json(al.annotations),
    'active_at', al.active_at,
    'updated_at', al.updated_at,
    'resolved_at', al.resolved_at,
    'expires_at', al.expires_at,
    'ended', al.ended,
    'ended_at', al.ended_at,
    'labels', @json((SELECT @json_object_of(et.tag, et.value) FROM event_tag et WHERE et.eventid = al.eventid)),
    'triggerid', e.objectid,
    'severity', e.severity,
    'r_eventid', (SELECT er.r_eventid FROM event_recovery er WHERE er.eventid = al.eventid),
    'actionids', @json((SELECT @json_array_of(es.actionid) FROM escalations es WHERE es.eventid = al.eventid))
))
FROM @numbers(?) listed
@ordered JOIN alarms al ON al.eventid = listed.value
@ordered JOIN events e ON e.eventid = al.eventid

-- name: times
SELECT @json_array_of(@json_object(
    'id', al.eventid, 'active_at', al.active_at, 'updated_at', al.updated_at, 'resolved_at', al.resolved_at,
    'ended', al.ended
))
FROM @numbers(?) listed
@ordered JOIN alarms al ON al.eventid = listed.value

-- name: expired
SELECT eventid
FROM alarms
WHERE resolved_at IS NULL AND expires_at IS NOT NULL AND expires_at <= ?
ORDER BY expires_at
LIMIT ?

-- name: next_expiry
SELECT MIN(expires_at)
FROM alarms
WHERE resolved_at IS NULL AND expires_at IS NOT NULL

-- name: drop_tags
DELETE FROM event_tag
WHERE eventid IN (SELECT listed.value FROM @numbers(?) listed)

-- name: copy_tags
WITH given AS (
    @rows(?, eventid BIGINT, r_eventid BIGINT)
)
INSERT INTO event_tag (eventid, tag, value)
SELECT given.r_eventid, et.tag, et.value
FROM given
@ordered JOIN event_tag et ON et.eventid = given.eventid

-- name: calm_triggers
WITH given AS (
    @rows(?, triggerid BIGINT, clock BIGINT, target TEXT, alarm_type TEXT)
)
UPDATE triggers
SET value = 0, lastchange = given.clock
FROM given
WHERE triggers.triggerid = given.triggerid
    AND NOT EXISTS (
        SELECT 1
        FROM alarms al
        WHERE al.target = given.target AND al.alarm_type = given.alarm_type AND al.resolved_at IS NULL
    )
