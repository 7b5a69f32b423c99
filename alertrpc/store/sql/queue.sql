-- name: ready
-- The media types that have alerts to send now, and the rank of the first.
-- One look at the index for each media type, however long the queue is.
WITH RECURSIVE head (mediatypeid) AS (
    SELECT MIN(mediatypeid)
    FROM alert_queue
    WHERE state = 0
    UNION ALL
    SELECT (SELECT MIN(q.mediatypeid) FROM alert_queue q WHERE q.state = 0 AND q.mediatypeid > head.mediatypeid)
    FROM head
    WHERE head.mediatypeid IS NOT NULL
)
SELECT mediatypeid, (SELECT MIN(q.rank) FROM alert_queue q WHERE q.state = 0 AND q.mediatypeid = head.mediatypeid)
FROM head
WHERE mediatypeid IS NOT NULL

-- name: waiting
-- The media types that have alerts to send later, and when the first is due.
WITH RECURSIVE head (mediatypeid) AS (
    SELECT MIN(mediatypeid)
    FROM alert_queue
    WHERE state = 1
    UNION ALL
    SELECT (SELECT MIN(q.mediatypeid) FROM alert_queue q WHERE q.state = 1 AND q.mediatypeid > head.mediatypeid)
    FROM head
    WHERE head.mediatypeid IS NOT NULL
)
SELECT mediatypeid, (SELECT MIN(q.due) FROM alert_queue q WHERE q.state = 1 AND q.mediatypeid = head.mediatypeid)
FROM head
WHERE mediatypeid IS NOT NULL

-- name: next_due
SELECT MIN(due)
FROM alert_queue
WHERE state = 1 AND mediatypeid = ? AND due > ?

-- name: release_due
UPDATE alert_queue
SET state = 0
WHERE alertid IN (
    SELECT q.alertid
    FROM alert_queue q
    WHERE q.state = 1 AND q.mediatypeid = ? AND q.due <= ?
    ORDER BY q.due
    LIMIT ?
)

-- name: first
-- The first alerts that may be sent, except those to the given addresses, whose texts together are not too long, but at
-- least one. An alert and its alarm take nearly as many bytes in memory.
-- untold: the address got no alert of the problem, because they failed.
SELECT @json_array_of(@json_array(alertid, rank, sendto, untold, digestid))
FROM (
    SELECT alertid, rank, sendto, untold, digestid
    FROM (
        SELECT
            q.alertid,
            q.rank,
            q.sendto,
            q.digestid,
            CASE WHEN q.only_if_told = 0 THEN 0 ELSE (
                SELECT CASE
                    WHEN COUNT(*) FILTER (WHERE a.status = 2) > 0 AND COUNT(*) FILTER (WHERE a.status = 1) = 0
                    THEN 1 ELSE 0
                END
                FROM alerts a
                WHERE a.eventid = q.problemid
                    AND @unindexed(a.mediatypeid) = q.mediatypeid
                    AND @unindexed(a.sendto) = q.sendto
            ) END AS untold,
            row_number() OVER in_order AS place,
            SUM(
                length(a.message)
                + COALESCE((
                    SELECT length(al.description) + length(al.annotations)
                    FROM alarms al
                    WHERE al.eventid = q.problemid
                ), 0)
                + COALESCE((
                    SELECT SUM(length(et.tag) + length(et.value))
                    FROM event_tag et
                    WHERE et.eventid = q.problemid
                ), 0)
            ) OVER in_order AS bytes
        FROM (
            SELECT alertid, mediatypeid, problemid, sendto, rank, only_if_told, digestid
            FROM alert_queue
            WHERE state = 0
                AND mediatypeid = ?
                AND sendto NOT IN (SELECT listed.value FROM @texts(?) listed)
            ORDER BY rank, alertid
            LIMIT ?
        ) q
        @ordered JOIN alerts a ON a.alertid = q.alertid
        WINDOW in_order AS (ORDER BY q.rank, q.alertid)
    ) ready
    WHERE bytes <= ? OR place = 1
    ORDER BY place
) first_ones

-- name: begin
UPDATE alert_queue
SET state = 3
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed)

-- name: give_back
UPDATE alert_queue
SET state = 0
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed) AND state = 3

-- name: begin_again
-- What a process that ended was sending.
UPDATE alert_queue
SET state = 0
WHERE state = 3

-- name: follow
-- What waits behind alerts that are done may be sent; several of these may be of one line.
WITH done AS MATERIALIZED (
    SELECT listed.value AS alertid
    FROM @numbers(?) listed
)
UPDATE alert_queue
SET state = 0
WHERE state = 2
    AND alertid IN (
        SELECT (
            SELECT q.alertid
            FROM alert_queue q
            WHERE q.problemid = alert_queue.problemid
                AND q.mediatypeid = alert_queue.mediatypeid
                AND q.sendto = alert_queue.sendto
                AND q.alertid NOT IN (SELECT alertid FROM done)
            ORDER BY q.place, q.alertid
            LIMIT 1
        )
        FROM done
        @ordered JOIN alert_queue ON alert_queue.alertid = done.alertid
    )
RETURNING mediatypeid, rank

-- name: drop
DELETE FROM alert_queue
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed)

-- name: add
WITH given AS (
    @rows(?, alertid BIGINT, only_if_told BIGINT)
)
INSERT INTO alert_queue (alertid, mediatypeid, due, problemid, sendto, place, rank, state, only_if_told)
SELECT
    given.alertid,
    a.mediatypeid,
    ?,
    COALESCE(a.p_eventid, a.eventid),
    a.sendto,
    COALESCE((SELECT rs.resent_alertid FROM resends rs WHERE rs.alertid = a.alertid), a.alertid),
    ? - 60000 * COALESCE((SELECT e.severity FROM events e WHERE e.eventid = COALESCE(a.p_eventid, a.eventid)), 0),
    0,
    given.only_if_told
FROM given
@ordered JOIN alerts a ON a.alertid = given.alertid

-- name: line_up
-- New alerts wait behind those that stand before them in their line, and behind one that is being sent or is in a digest.
UPDATE alert_queue
SET state = 2
WHERE alertid IN (SELECT listed.value FROM @numbers(?) listed)
    AND EXISTS (
        SELECT 1
        FROM alert_queue q
        WHERE q.problemid = alert_queue.problemid
            AND q.mediatypeid = alert_queue.mediatypeid
            AND q.sendto = alert_queue.sendto
            AND q.alertid <> alert_queue.alertid
            AND (q.state = 3 OR q.digestid IS NOT NULL OR (q.place, q.alertid) < (alert_queue.place, alert_queue.alertid))
    )
RETURNING alertid

-- name: step_back
-- What stands behind alerts that are sent again waits for them.
UPDATE alert_queue
SET state = 2
WHERE state IN (0, 1)
    AND alertid IN (
        SELECT q.alertid
        FROM @numbers(?) listed
        @ordered JOIN alert_queue ON alert_queue.alertid = listed.value
        @ordered JOIN alert_queue q ON q.problemid = alert_queue.problemid
            AND q.mediatypeid = alert_queue.mediatypeid
            AND q.sendto = alert_queue.sendto
            AND (q.place, q.alertid) > (alert_queue.place, alert_queue.alertid)
        WHERE alert_queue.state = 0
    )

-- name: raise_line
-- What stands before a severer alert of its line goes as early as that one would.
UPDATE alert_queue
SET rank = line.rank
FROM (
    SELECT q.problemid, q.mediatypeid, q.sendto, MIN(q.rank) AS rank
    FROM @numbers(?) listed
    @ordered JOIN alert_queue q ON q.alertid = listed.value
    GROUP BY q.problemid, q.mediatypeid, q.sendto
) line
WHERE alert_queue.problemid = line.problemid
    AND alert_queue.mediatypeid = line.mediatypeid
    AND alert_queue.sendto = line.sendto
    AND alert_queue.rank > line.rank

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
@ordered JOIN alert_queue q ON q.state = 1 AND q.mediatypeid = mt.mediatypeid AND q.due = ?
@ordered JOIN resends rs ON rs.alertid = q.alertid
@ordered JOIN alerts a ON a.alertid = rs.resent_alertid
LIMIT ?
