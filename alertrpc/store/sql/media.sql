-- name: change
UPDATE media
SET severity = ?, active = 0
WHERE mediaid = ? AND (severity <> ? OR active <> 0)

-- name: drop
DELETE FROM media
WHERE mediaid = ?

-- name: applied
SELECT m.userid, m.mediatypeid, m.sendto, m.mediaid, COALESCE(u.username, ''), COALESCE(mt.name, '')
FROM applied ap
JOIN media m ON m.mediaid = ap.objectid
LEFT JOIN users u ON u.userid = m.userid
LEFT JOIN media_type mt ON mt.mediatypeid = m.mediatypeid
WHERE ap.object = 'media'
ORDER BY m.mediaid

-- name: foreign
-- A medium that apply did not create.
SELECT 1
FROM users u
JOIN media m ON m.userid = u.userid
JOIN media_type mt ON mt.mediatypeid = m.mediatypeid
WHERE u.username = ?
    AND mt.name = ?
    AND m.sendto = ?
    AND m.mediaid NOT IN (SELECT objectid FROM applied WHERE object = 'media')

-- name: add
INSERT INTO media (userid, mediatypeid, sendto, severity)
VALUES (?, ?, ?, ?)
RETURNING mediaid
