-- name: waiting
-- The alerts of an address that may go together: the first that may be sent, and those of their lines, in an order that
-- holds for each line. A recovery is not among them that waits for an alert of its problem to be told, nor is a line that has
-- a digest already. No more alerts of the media type are looked through than the given number.
WITH head AS (
    SELECT q.alertid, q.problemid, q.rank, q.mediatypeid, q.sendto
    FROM (
        SELECT q.alertid, q.rank, q.sendto
        FROM alert_queue q
        WHERE q.state = 0 AND q.mediatypeid = ?
        ORDER BY q.rank, q.alertid
        LIMIT ?
    ) ready
    @ordered JOIN alert_queue q ON q.alertid = ready.alertid
    WHERE ready.sendto = ?
        AND (q.only_if_told = 0 OR EXISTS (
            SELECT 1
            FROM alerts a
            WHERE a.eventid = q.problemid
                AND @unindexed(a.mediatypeid) = q.mediatypeid
                AND @unindexed(a.sendto) = q.sendto
                AND a.status = 1
        ))
    ORDER BY q.rank, q.alertid
    LIMIT ?
)
SELECT @json_array_of(@json_array(alertid, problemid, severity, place, subject))
FROM (
    SELECT q.alertid, q.problemid, COALESCE(e.severity, 0) AS severity, q.place, a.subject
    FROM head
    @ordered JOIN alert_queue q ON q.problemid = head.problemid
        AND q.mediatypeid = head.mediatypeid
        AND q.sendto = head.sendto
    @ordered JOIN alerts a ON a.alertid = q.alertid
    LEFT JOIN events e ON e.eventid = q.problemid
    WHERE NOT EXISTS (
        SELECT 1
        FROM alert_queue
        WHERE alert_queue.problemid = head.problemid
            AND alert_queue.mediatypeid = head.mediatypeid
            AND alert_queue.sendto = head.sendto
            AND alert_queue.digestid IS NOT NULL
    )
    ORDER BY head.rank, head.alertid, q.place, q.alertid
    LIMIT ?
) together

-- name: last_id
SELECT COALESCE(MAX(digestid), 0)
FROM digests

-- name: members
-- The alerts of a digest, but for the one that stands for it.
SELECT q.alertid
FROM alert_queue q
WHERE q.digestid = ? AND q.state = 4

-- name: record
-- The attempt of the alert that stands for a digest is an attempt of each of the others.
INSERT INTO attempts (
    alertid, number, started, milliseconds, outcome, reason, code, error, answer, stdout, stderr, digestid, request_cut
)
SELECT
    q.alertid,
    COALESCE((SELECT MAX(attempts.number) FROM attempts WHERE attempts.alertid = q.alertid), 0) + 1,
    att.started, att.milliseconds, att.outcome, att.reason, att.code, att.error, att.answer, att.stdout, att.stderr,
    att.digestid, att.request_cut
FROM attempts att
@ordered JOIN alert_queue q ON q.digestid = att.digestid AND q.state = 4
WHERE att.alertid = ? AND att.number = ?

-- name: set_results
UPDATE alerts
SET status = ?, error = ?, retries = retries + ?
WHERE alertid IN (SELECT q.alertid FROM alert_queue q WHERE q.digestid = ? AND q.state = 4)
