-- name: unfilled
SELECT name
FROM unfilled

-- name: missing
SELECT done_id, end_id
FROM unfilled
WHERE name = ?

-- name: end_of_piece
-- The last alert of the next piece, and how many there are.
SELECT MAX(piece.alertid), COUNT(*)
FROM (
    SELECT a.alertid
    FROM alerts a
    WHERE a.alertid > ? AND a.alertid <= ?
    ORDER BY a.alertid
    LIMIT ?
) piece

-- name: fill_alert_index
INSERT INTO alert_index
SELECT
    a.alertid, a.actionid, a.status, a.clock, a.userid, a.mediatypeid, e.source, e.object, e.objectid, a.alerttype, a.eventid,
    a.acknowledgeid
FROM alerts a
LEFT JOIN events e ON e.eventid = a.eventid
WHERE a.alertid > ? AND a.alertid <= ?
ON CONFLICT DO NOTHING

-- name: find_events
-- The events of alerts that came before them.
UPDATE alert_index
SET source = e.source, object = e.object, objectid = e.objectid
FROM events e
WHERE alert_index.source IS NULL AND e.eventid = alert_index.eventid

-- name: go_on
UPDATE unfilled
SET done_id = ?
WHERE name = ?

-- name: is_filled
DELETE FROM unfilled
WHERE name = ?
