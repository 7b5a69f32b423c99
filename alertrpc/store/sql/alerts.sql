-- name: last_id
-- The greatest id that an alert has, or that other rows still name.
SELECT @greatest(
    (SELECT COALESCE(MAX(alertid), 0) FROM alerts),
    (SELECT COALESCE(MAX(alertid), 0) FROM attempts),
    (SELECT COALESCE(MAX(alertid), 0) FROM alert_queue),
    (SELECT COALESCE(MAX(alertid), 0) FROM resends)
)

-- name: of_steps
WITH given AS (
    @rows(?, eventid BIGINT, actionid BIGINT, esc_step BIGINT)
)
SELECT given.place, a.userid, a.mediatypeid, a.sendto
FROM given
@ordered JOIN alerts a ON a.eventid = given.eventid
WHERE @unindexed(a.actionid) = given.actionid
    AND @unindexed(a.esc_step) = given.esc_step
    AND a.p_eventid IS NULL

-- name: of_recoveries
WITH given AS (
    @rows(?, eventid BIGINT, actionid BIGINT)
)
SELECT given.place, a.userid, a.mediatypeid, a.sendto
FROM given
@ordered JOIN alerts a ON a.p_eventid = given.eventid
WHERE @unindexed(a.actionid) = given.actionid

-- name: of_updates
WITH given AS (
    @rows(?, eventid BIGINT, actionid BIGINT, alertid BIGINT)
)
SELECT given.place, a.userid, a.mediatypeid, a.sendto
FROM given
@ordered JOIN alerts a ON a.eventid = given.eventid
WHERE @unindexed(a.actionid) = given.actionid
    AND @unindexed(a.esc_step) = 0
    AND a.alertid > given.alertid
    AND a.p_eventid IS NULL

-- name: involved
-- Whom actions alerted of problems until an alert, except users who are disabled now.
WITH given AS (
    @rows(?, eventid BIGINT, actionid BIGINT, alertid BIGINT)
)
SELECT @json_array_of(@json_array(place, userid, mediatypeid, sendto))
FROM (
    SELECT given.place, a.userid, a.mediatypeid, a.sendto
    FROM given
    @ordered JOIN alerts a ON a.eventid = given.eventid
    WHERE @unindexed(a.actionid) = given.actionid
        AND a.alertid <= given.alertid
        AND a.alerttype = 0
        AND a.mediatypeid IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM @users.disabled d WHERE d.userid = a.userid)
    GROUP BY given.place, a.userid, a.mediatypeid, a.sendto
    ORDER BY given.place, MIN(a.alertid)
) found

-- name: to_be_sent
SELECT @json_array_of(@json_object(
    'alertid', a.alertid,
    'actionid', a.actionid,
    'eventid', a.eventid,
    'userid', a.userid,
    'sendto', a.sendto,
    'subject', a.subject,
    'message', a.message,
    'retries', a.retries,
    'clock', a.clock,
    'esc_step', a.esc_step,
    'p_eventid', a.p_eventid,
    'mediatypeid', a.mediatypeid,
    'action_name', COALESCE((SELECT ac.name FROM actions ac WHERE ac.actionid = a.actionid), ''),
    'username', COALESCE((SELECT u.username FROM users u WHERE u.userid = a.userid), ''),
    'attempts', COALESCE((SELECT MAX(att.number) FROM attempts att WHERE att.alertid = a.alertid), 0),
    'remaining', COALESCE((SELECT q.remaining FROM alert_queue q WHERE q.alertid = a.alertid), ''),
    'is_taken', COALESCE((SELECT q.is_taken FROM alert_queue q WHERE q.alertid = a.alertid), 0),
    'digest', @json((
        SELECT @json_object(
            'digestid', dg.digestid,
            'clock', dg.clock,
            'alarm_count', dg.alarm_count,
            'alarms', dg.alarms,
            'subject', dg.subject,
            'message', dg.message,
            'retries', dg.retries
        )
        FROM alert_queue q
        @ordered JOIN digests dg ON dg.digestid = q.digestid
        WHERE q.alertid = a.alertid
    ))
))
FROM @numbers(?) listed
@ordered JOIN alerts a ON a.alertid = listed.value

-- name: set_status
UPDATE alerts
SET status = ?
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed) AND status = ?

-- name: end_tests
UPDATE alerts
SET status = ?, error = 'The test was interrupted.'
WHERE status = ? AND clock < ? AND actionid IN (SELECT objectid FROM applied WHERE object = ?)

-- name: messages
SELECT a.alertid
FROM @numbers(?) listed
@ordered JOIN alerts a ON a.alertid = listed.value
WHERE a.alerttype = 0 AND a.mediatypeid IS NOT NULL

-- name: make_again
INSERT INTO alerts (
    alertid, actionid, eventid, userid, clock, mediatypeid, sendto, subject, message, status, esc_step, p_eventid
)
SELECT
    rs.alertid, a.actionid, a.eventid, a.userid, ?, a.mediatypeid, a.sendto, a.subject, a.message, ?, a.esc_step, a.p_eventid
FROM @numbers(?) listed
@ordered JOIN resends rs ON rs.alertid = listed.value
@ordered JOIN alerts a ON a.alertid = rs.resent_alertid
