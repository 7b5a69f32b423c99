-- name: to_send_with
SELECT @json_object(
    'mediatypeid', mt.mediatypeid,
    'type', mt.type,
    'name', mt.name,
    'status', mt.status,
    'exec_path', mt.exec_path,
    'smtp_server', mt.smtp_server,
    'smtp_port', mt.smtp_port,
    'smtp_helo', mt.smtp_helo,
    'smtp_email', mt.smtp_email,
    'smtp_security', mt.smtp_security,
    'smtp_verify_peer', mt.smtp_verify_peer,
    'username', mt.username,
    'passwd', mt.passwd,
    'smtp_authentication', mt.smtp_authentication,
    'maxsessions', mt.maxsessions,
    'maxattempts', mt.maxattempts,
    'attempt_interval', mt.attempt_interval,
    'timeout', mt.timeout,
    'script', mt.script,
    'attempt_growth', mr.attempt_growth,
    'give_up_after', mr.give_up_after,
    'rate', mr.rate,
    'address_rate', mr.address_rate,
    'hold', mr.hold,
    'digest', mr.digest,
    'digest_bytes', mr.digest_bytes,
    'digest_subject', mr.digest_subject,
    'digest_message', mr.digest_message,
    'parameters', @json((
        SELECT @json_object_of(mp.name, mp.value)
        FROM media_type_param mp
        WHERE mp.mediatypeid = mt.mediatypeid
    ))
)
FROM media_type mt
LEFT JOIN media_type_rules mr ON mr.mediatypeid = mt.mediatypeid
WHERE mt.mediatypeid = ?

-- name: named
SELECT mediatypeid
FROM media_type
WHERE name = ?

-- name: add_rules
INSERT INTO media_type_rules (mediatypeid)
VALUES (?)
ON CONFLICT DO NOTHING
