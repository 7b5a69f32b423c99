-- name: heads
-- The media types that have alerts to send, and when the first is due.
-- One look at the index for each media type, however long the queue is.
WITH RECURSIVE head (mediatypeid) AS (
    SELECT MIN(mediatypeid)
    FROM alert_queue
    UNION ALL
    SELECT (SELECT MIN(q.mediatypeid) FROM alert_queue q WHERE q.mediatypeid > head.mediatypeid)
    FROM head
    WHERE head.mediatypeid IS NOT NULL
)
SELECT mediatypeid, (SELECT MIN(q.due) FROM alert_queue q WHERE q.mediatypeid = head.mediatypeid)
FROM head
WHERE mediatypeid IS NOT NULL

-- name: next_due
SELECT MIN(due)
FROM alert_queue
WHERE mediatypeid = ? AND due > ?

-- name: due
-- The first due alerts whose texts together are not too long, but at least one.
-- An alert and its alarm take nearly as many bytes in memory.
SELECT @json_array_of(alertid)
FROM (
    SELECT alertid
    FROM (
        SELECT
            q.alertid,
            row_number() OVER in_order AS place,
            SUM(
                length(a.message)
                + COALESCE((
                    SELECT length(al.description) + length(al.annotations)
                    FROM alarms al
                    WHERE al.eventid = COALESCE(a.p_eventid, a.eventid)
                ), 0)
                + COALESCE((
                    SELECT SUM(length(et.tag) + length(et.value))
                    FROM event_tag et
                    WHERE et.eventid = COALESCE(a.p_eventid, a.eventid)
                ), 0)
            ) OVER in_order AS bytes
        FROM (
            SELECT alertid, due
            FROM alert_queue
            WHERE mediatypeid = ? AND due <= ?
            ORDER BY due, alertid
            LIMIT ?
        ) q
        @ordered JOIN alerts a ON a.alertid = q.alertid
        WHERE q.alertid NOT IN (SELECT listed.value FROM @numbers(?) listed)
        WINDOW in_order AS (ORDER BY q.due, q.alertid)
    ) waiting
    WHERE bytes <= ? OR place = 1
    ORDER BY place
) due

-- name: drop
DELETE FROM alert_queue
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed)

-- name: set_due
UPDATE alert_queue
SET due = ?
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed)

-- name: add_again
WITH given AS (
    @rows(?, alertid BIGINT, resent_alertid BIGINT)
)
INSERT INTO alert_queue (alertid, mediatypeid, due)
SELECT given.alertid, a.mediatypeid, ?
FROM given
@ordered JOIN alerts a ON a.alertid = given.resent_alertid

-- name: not_made
SELECT q.alertid, length(a.message) + length(a.subject)
FROM media_type mt
@ordered JOIN alert_queue q ON q.mediatypeid = mt.mediatypeid AND q.due = ?
@ordered JOIN resends rs ON rs.alertid = q.alertid
@ordered JOIN alerts a ON a.alertid = rs.resent_alertid
LIMIT ?
