-- The SQLite schema of alertrpc: the one source, run as it stands by `alertrpc init`.
--
-- Names of tables and columns are those of the Zabbix 7.0 database wherever Zabbix has the thing, so that what is known
-- of one is true of the other. Ids are 64-bit integers, times are seconds since 1970-01-01 UTC. A NULL id is answered
-- as "0". STRICT tables refuse a value of another type instead of keeping it.
--
-- The version of the schema stands in PRAGMA user_version. The parts from "-- Version 2" on are what each version added;
-- store/schema.py runs those that an older database lacks.

-- What a user may do at all: type 1 User, 2 Admin, 3 Super admin.
CREATE TABLE role (
    roleid INTEGER PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    type INTEGER NOT NULL DEFAULT 0 CHECK (type BETWEEN 0 AND 3),
    readonly INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What a role takes away: name 'api.access' with value_int 0 is a role that may call no method.
CREATE TABLE role_rule (
    role_ruleid INTEGER PRIMARY KEY,
    roleid INTEGER NOT NULL,
    type INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    value_int INTEGER NOT NULL DEFAULT 0,
    value_str TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX role_rule_roleid ON role_rule (roleid, name);
-- Zabbix's own role 4, "Guest role", comes so.
INSERT INTO role_rule (roleid, name, value_int) VALUES (4, 'api.access', 0);

-- User groups. users_status 1: the members are disabled.
CREATE TABLE usrgrp (
    usrgrpid INTEGER PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    gui_access INTEGER NOT NULL DEFAULT 0,
    users_status INTEGER NOT NULL DEFAULT 0,
    debug_mode INTEGER NOT NULL DEFAULT 0,
    userdirectoryid INTEGER,
    mfa_status INTEGER NOT NULL DEFAULT 0,
    mfaid INTEGER
) STRICT;

-- Users. passwd is a bcrypt hash; attempt_* is the record of failed logins since the last good one.
CREATE TABLE users (
    userid INTEGER PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL DEFAULT '',
    surname TEXT NOT NULL DEFAULT '',
    passwd TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    autologin INTEGER NOT NULL DEFAULT 0,
    autologout TEXT NOT NULL DEFAULT '15m',
    lang TEXT NOT NULL DEFAULT 'default',
    refresh TEXT NOT NULL DEFAULT '30s',
    theme TEXT NOT NULL DEFAULT 'default',
    attempt_failed INTEGER NOT NULL DEFAULT 0,
    attempt_ip TEXT NOT NULL DEFAULT '',
    attempt_clock INTEGER NOT NULL DEFAULT 0,
    rows_per_page INTEGER NOT NULL DEFAULT 50,
    timezone TEXT NOT NULL DEFAULT 'default',
    roleid INTEGER,
    userdirectoryid INTEGER,
    ts_provisioned INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Which users are in which user groups.
CREATE TABLE users_groups (
    id INTEGER PRIMARY KEY,
    usrgrpid INTEGER NOT NULL,
    userid INTEGER NOT NULL,
    UNIQUE (userid, usrgrpid)
) STRICT;
CREATE INDEX users_groups_usrgrpid ON users_groups (usrgrpid, userid);

-- Sessions of user.login. sessionid is the SHA-256 of the id that the client holds, which is stored nowhere.
CREATE TABLE sessions (
    sessionid TEXT PRIMARY KEY,
    userid INTEGER NOT NULL,
    lastaccess INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_lastaccess ON sessions (lastaccess);

-- API tokens. token is the SHA-512 of the token that the client holds; status 1 is disabled; expires_at 0 is never.
CREATE TABLE token (
    tokenid INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    userid INTEGER NOT NULL,
    token TEXT UNIQUE,
    lastaccess INTEGER NOT NULL DEFAULT 0,
    status INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL DEFAULT 0,
    creator_userid INTEGER,
    UNIQUE (userid, name)
) STRICT;

-- Host groups (type 0) and template groups (type 1).
CREATE TABLE hstgrp (
    groupid INTEGER PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    flags INTEGER NOT NULL DEFAULT 0,
    uuid TEXT NOT NULL DEFAULT '',
    type INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Rights of a user group (groupid) on a host group (id): permission 0 deny, 2 read, 3 read and write.
CREATE TABLE rights (
    rightid INTEGER PRIMARY KEY,
    groupid INTEGER NOT NULL,
    permission INTEGER NOT NULL DEFAULT 0,
    id INTEGER NOT NULL
) STRICT;
CREATE INDEX rights_id ON rights (id, groupid, permission);
CREATE INDEX rights_groupid ON rights (groupid, id, permission);

-- Hosts: what alarms are about. The last three columns stand in host_inventory and host_rtdata in Zabbix.
CREATE TABLE hosts (
    hostid INTEGER PRIMARY KEY,
    proxyid INTEGER,
    host TEXT NOT NULL DEFAULT '',
    status INTEGER NOT NULL DEFAULT 0,
    ipmi_authtype INTEGER NOT NULL DEFAULT -1,
    ipmi_privilege INTEGER NOT NULL DEFAULT 2,
    ipmi_username TEXT NOT NULL DEFAULT '',
    ipmi_password TEXT NOT NULL DEFAULT '',
    maintenanceid INTEGER,
    maintenance_status INTEGER NOT NULL DEFAULT 0,
    maintenance_type INTEGER NOT NULL DEFAULT 0,
    maintenance_from INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    flags INTEGER NOT NULL DEFAULT 0,
    templateid INTEGER,
    description TEXT NOT NULL DEFAULT '',
    tls_connect INTEGER NOT NULL DEFAULT 1,
    tls_accept INTEGER NOT NULL DEFAULT 1,
    tls_issuer TEXT NOT NULL DEFAULT '',
    tls_subject TEXT NOT NULL DEFAULT '',
    custom_interfaces INTEGER NOT NULL DEFAULT 0,
    uuid TEXT NOT NULL DEFAULT '',
    vendor_name TEXT NOT NULL DEFAULT '',
    vendor_version TEXT NOT NULL DEFAULT '',
    proxy_groupid INTEGER,
    monitored_by INTEGER NOT NULL DEFAULT 0,
    inventory_mode INTEGER NOT NULL DEFAULT -1,
    active_available INTEGER NOT NULL DEFAULT 0,
    assigned_proxyid INTEGER
) STRICT;
CREATE INDEX hosts_host ON hosts (host);

-- Which hosts are in which host groups.
CREATE TABLE hosts_groups (
    hostgroupid INTEGER PRIMARY KEY,
    hostid INTEGER NOT NULL,
    groupid INTEGER NOT NULL,
    UNIQUE (hostid, groupid)
) STRICT;
CREATE INDEX hosts_groups_groupid ON hosts_groups (groupid, hostid);

-- Triggers: what can go wrong on hosts. priority is the severity, 0 not classified to 5 disaster.
CREATE TABLE triggers (
    triggerid INTEGER PRIMARY KEY,
    expression TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    status INTEGER NOT NULL DEFAULT 0,
    value INTEGER NOT NULL DEFAULT 0,
    priority INTEGER NOT NULL DEFAULT 0,
    lastchange INTEGER NOT NULL DEFAULT 0,
    comments TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    templateid INTEGER,
    type INTEGER NOT NULL DEFAULT 0,
    state INTEGER NOT NULL DEFAULT 0,
    flags INTEGER NOT NULL DEFAULT 0,
    recovery_mode INTEGER NOT NULL DEFAULT 0,
    recovery_expression TEXT NOT NULL DEFAULT '',
    correlation_mode INTEGER NOT NULL DEFAULT 0,
    correlation_tag TEXT NOT NULL DEFAULT '',
    manual_close INTEGER NOT NULL DEFAULT 0,
    opdata TEXT NOT NULL DEFAULT '',
    discover INTEGER NOT NULL DEFAULT 0,
    event_name TEXT NOT NULL DEFAULT '',
    uuid TEXT NOT NULL DEFAULT '',
    url_name TEXT NOT NULL DEFAULT ''
) STRICT;

-- Ours: the hosts on which an event's object lives (object 0 trigger: one or more hosts; 4 item and 5 low-level
-- discovery rule: one). It stands for Zabbix's functions and items.
CREATE TABLE object_hosts (
    object INTEGER NOT NULL,
    objectid INTEGER NOT NULL,
    hostid INTEGER NOT NULL,
    PRIMARY KEY (object, objectid, hostid)
) STRICT, WITHOUT ROWID;
CREATE INDEX object_hosts_hostid ON object_hosts (hostid, object, objectid);

-- Events: a problem (value 1) or its recovery (value 0). source 0 trigger, 1 discovery, 2 autoregistration, 3 internal,
-- 4 service; object 0 trigger, 1 discovered host, 2 discovered service, 3 autoregistered host, 4 item, 5 rule, 6 service.
CREATE TABLE events (
    eventid INTEGER PRIMARY KEY,
    source INTEGER NOT NULL DEFAULT 0,
    object INTEGER NOT NULL DEFAULT 0,
    objectid INTEGER NOT NULL DEFAULT 0,
    clock INTEGER NOT NULL DEFAULT 0,
    value INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    ns INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    severity INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX events_objectid ON events (objectid, object, source);
CREATE INDEX events_clock ON events (clock);

-- Tags of events; the labels of an alarm.
CREATE TABLE event_tag (
    eventtagid INTEGER PRIMARY KEY,
    eventid INTEGER NOT NULL,
    tag TEXT NOT NULL DEFAULT '',
    value TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX event_tag_eventid ON event_tag (eventid);

-- Which event (r_eventid) ended which problem (eventid).
CREATE TABLE event_recovery (
    eventid INTEGER PRIMARY KEY,
    r_eventid INTEGER NOT NULL,
    c_eventid INTEGER,
    correlationid INTEGER,
    userid INTEGER
) STRICT;
CREATE INDEX event_recovery_r_eventid ON event_recovery (r_eventid);

-- What users did about problems.
CREATE TABLE acknowledges (
    acknowledgeid INTEGER PRIMARY KEY,
    userid INTEGER NOT NULL,
    eventid INTEGER NOT NULL,
    clock INTEGER NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '',
    action INTEGER NOT NULL DEFAULT 0,
    old_severity INTEGER NOT NULL DEFAULT 0,
    new_severity INTEGER NOT NULL DEFAULT 0,
    suppress_until INTEGER NOT NULL DEFAULT 0,
    taskid INTEGER
) STRICT;
CREATE INDEX acknowledges_eventid ON acknowledges (eventid);

-- Media types: the configured ways to send. type 0 email, 1 script, 2 SMS, 4 webhook.
CREATE TABLE media_type (
    mediatypeid INTEGER PRIMARY KEY,
    type INTEGER NOT NULL DEFAULT 0,
    name TEXT NOT NULL DEFAULT '',
    smtp_server TEXT NOT NULL DEFAULT '',
    smtp_helo TEXT NOT NULL DEFAULT '',
    smtp_email TEXT NOT NULL DEFAULT '',
    exec_path TEXT NOT NULL DEFAULT '',
    gsm_modem TEXT NOT NULL DEFAULT '',
    username TEXT NOT NULL DEFAULT '',
    passwd TEXT NOT NULL DEFAULT '',
    status INTEGER NOT NULL DEFAULT 1,
    smtp_port INTEGER NOT NULL DEFAULT 25,
    smtp_security INTEGER NOT NULL DEFAULT 0,
    smtp_verify_peer INTEGER NOT NULL DEFAULT 0,
    smtp_verify_host INTEGER NOT NULL DEFAULT 0,
    smtp_authentication INTEGER NOT NULL DEFAULT 0,
    maxsessions INTEGER NOT NULL DEFAULT 1,
    maxattempts INTEGER NOT NULL DEFAULT 3,
    attempt_interval TEXT NOT NULL DEFAULT '10s',
    message_format INTEGER NOT NULL DEFAULT 1,
    script TEXT NOT NULL DEFAULT '',
    timeout TEXT NOT NULL DEFAULT '30s',
    process_tags INTEGER NOT NULL DEFAULT 0,
    show_event_menu INTEGER NOT NULL DEFAULT 0,
    event_menu_url TEXT NOT NULL DEFAULT '',
    event_menu_name TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    provider INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Which user is reached how: sendto through a media type, for the severities whose bits are set.
CREATE TABLE media (
    mediaid INTEGER PRIMARY KEY,
    userid INTEGER NOT NULL,
    mediatypeid INTEGER NOT NULL,
    sendto TEXT NOT NULL DEFAULT '',
    active INTEGER NOT NULL DEFAULT 0,
    severity INTEGER NOT NULL DEFAULT 63,
    period TEXT NOT NULL DEFAULT '1-7,00:00-24:00',
    userdirectory_mediaid INTEGER
) STRICT;
CREATE INDEX media_userid ON media (userid);

-- Actions: the rules that say which events alert whom. eventsource is the source of the events they take.
CREATE TABLE actions (
    actionid INTEGER PRIMARY KEY,
    name TEXT NOT NULL DEFAULT '',
    eventsource INTEGER NOT NULL DEFAULT 0,
    evaltype INTEGER NOT NULL DEFAULT 0,
    status INTEGER NOT NULL DEFAULT 0,
    esc_period TEXT NOT NULL DEFAULT '1h',
    formula TEXT NOT NULL DEFAULT '',
    pause_suppressed INTEGER NOT NULL DEFAULT 1,
    notify_if_canceled INTEGER NOT NULL DEFAULT 1,
    pause_symptoms INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX actions_eventsource ON actions (eventsource);

-- Alerts: one delivery of an event to one receiver, and the queue entry of it. status 3 new, 0 not sent yet, 1 sent,
-- 2 failed; alerttype 0 message, 1 remote command. A record outlives what it names, so no foreign key may delete it.
-- Each index serves an id parameter, a filter or a sort of alert.get; rowid, the alertid, is the last part of each.
CREATE TABLE alerts (
    alertid INTEGER PRIMARY KEY,
    actionid INTEGER NOT NULL,
    eventid INTEGER NOT NULL,
    userid INTEGER,
    clock INTEGER NOT NULL DEFAULT 0,
    mediatypeid INTEGER,
    sendto TEXT NOT NULL DEFAULT '',
    subject TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    status INTEGER NOT NULL DEFAULT 0,
    retries INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    esc_step INTEGER NOT NULL DEFAULT 0,
    alerttype INTEGER NOT NULL DEFAULT 0,
    p_eventid INTEGER,
    acknowledgeid INTEGER
) STRICT;
CREATE INDEX alerts_actionid ON alerts (actionid);
CREATE INDEX alerts_eventid ON alerts (eventid);
CREATE INDEX alerts_userid ON alerts (userid);
CREATE INDEX alerts_clock ON alerts (clock);
CREATE INDEX alerts_mediatypeid ON alerts (mediatypeid);
CREATE INDEX alerts_sendto ON alerts (sendto);
CREATE INDEX alerts_status ON alerts (status, clock);
CREATE INDEX alerts_acknowledgeid ON alerts (acknowledgeid) WHERE acknowledgeid IS NOT NULL;

-- Version 2: alarms come in, alerts go out. What stands below brings a database of version 1 up to date too.

-- Parameters of media types. A webhook that alertrpc sends has method, url, headers (a JSON object), body, expect, proxy.
CREATE TABLE media_type_param (
    mediatype_paramid INTEGER PRIMARY KEY,
    mediatypeid INTEGER NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    value TEXT NOT NULL DEFAULT '',
    sortorder INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX media_type_param_mediatypeid ON media_type_param (mediatypeid);

-- Templates of messages: recovery 0 for problems, 1 for recoveries.
CREATE TABLE media_type_message (
    mediatype_messageid INTEGER PRIMARY KEY,
    mediatypeid INTEGER NOT NULL,
    eventsource INTEGER NOT NULL DEFAULT 0,
    recovery INTEGER NOT NULL DEFAULT 0,
    subject TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    UNIQUE (mediatypeid, eventsource, recovery)
) STRICT;

-- Ours: one row. uuid tells this database from any other, revision changes whenever action rules or media types do.
CREATE TABLE instance (
    uuid TEXT NOT NULL,
    revision INTEGER NOT NULL
) STRICT;
INSERT INTO instance (uuid, revision) VALUES (lower(hex(randomblob(16))), 1);

-- Ours: the objects that a configuration file made; apply changes no others. object is the name of their table.
CREATE TABLE applied (
    object TEXT NOT NULL,
    objectid INTEGER NOT NULL,
    PRIMARY KEY (object, objectid)
) STRICT, WITHOUT ROWID;

-- Ours: which alarms an action takes. alarm_type and target are JSON arrays of globs, labels an object of such arrays.
-- Times are seconds; NULL is never.
CREATE TABLE action_rules (
    actionid INTEGER PRIMARY KEY,
    alarm_type TEXT NOT NULL DEFAULT '[]',
    target TEXT NOT NULL DEFAULT '[]',
    labels TEXT NOT NULL DEFAULT '{}',
    min_severity INTEGER NOT NULL DEFAULT 0,
    recovery INTEGER NOT NULL DEFAULT 0,
    repeat_every INTEGER,
    resolve_after INTEGER
) STRICT;

-- Ours: whom an action alerts, `after` seconds into the problem. Ids are JSON arrays; mediatypeids NULL is every medium.
CREATE TABLE action_steps (
    actionid INTEGER NOT NULL,
    esc_step INTEGER NOT NULL,
    after INTEGER NOT NULL DEFAULT 0,
    userids TEXT NOT NULL DEFAULT '[]',
    usrgrpids TEXT NOT NULL DEFAULT '[]',
    mediatypeids TEXT,
    PRIMARY KEY (actionid, esc_step)
) STRICT, WITHOUT ROWID;

-- Actions at work on problems that last: esc_step is the last step that was done, the next one is due at nextcheck.
CREATE TABLE escalations (
    escalationid INTEGER PRIMARY KEY,
    actionid INTEGER NOT NULL,
    eventid INTEGER NOT NULL,
    esc_step INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL,
    nextcheck INTEGER,
    UNIQUE (eventid, actionid)
) STRICT;
CREATE INDEX escalations_nextcheck ON escalations (nextcheck) WHERE nextcheck IS NOT NULL;

-- Ours: what senders told of the problems that are events. identity says which pushes are of one alarm. Times are
-- milliseconds since 1970-01-01 UTC; an alarm that is still active at expires_at recovers then.
CREATE TABLE alarms (
    eventid INTEGER PRIMARY KEY,
    identity TEXT NOT NULL,
    alarm_type TEXT NOT NULL,
    target TEXT NOT NULL,
    level INTEGER NOT NULL,
    name TEXT NOT NULL,
    summary TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    url TEXT NOT NULL DEFAULT '',
    annotations TEXT NOT NULL DEFAULT '{}',
    active_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    resolved_at INTEGER,
    expires_at INTEGER
) STRICT;
CREATE UNIQUE INDEX alarms_active ON alarms (identity) WHERE resolved_at IS NULL;
CREATE INDEX alarms_identity ON alarms (identity);
CREATE INDEX alarms_target ON alarms (target, alarm_type);
CREATE INDEX alarms_open ON alarms (target, alarm_type) WHERE resolved_at IS NULL;
CREATE INDEX alarms_expires_at ON alarms (expires_at) WHERE resolved_at IS NULL AND expires_at IS NOT NULL;

-- Ours: pushes that carried an Idempotency-Key, and the alarms that they made. Key and body are SHA-256.
CREATE TABLE idempotency_keys (
    userid INTEGER NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    eventids TEXT NOT NULL,
    clock INTEGER NOT NULL,
    PRIMARY KEY (userid, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_clock ON idempotency_keys (clock);

-- Ours: the alerts that are to be sent, and when, in milliseconds since 1970-01-01 UTC.
CREATE TABLE alert_queue (
    alertid INTEGER PRIMARY KEY,
    mediatypeid INTEGER NOT NULL,
    due INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_queue_mediatypeid ON alert_queue (mediatypeid, due, alertid);

-- Ours: every attempt to send an alert. started is in milliseconds since 1970-01-01 UTC; outcome is sent, try_again, wait or
-- give_up; code is the exit status, or the code of HTTP or SMTP. Texts are cut to 2 KiB, secrets are masked.
CREATE TABLE attempts (
    attemptid INTEGER PRIMARY KEY,
    alertid INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started INTEGER NOT NULL,
    milliseconds INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    code INTEGER,
    error TEXT NOT NULL DEFAULT '',
    answer TEXT NOT NULL DEFAULT '',
    stdout TEXT NOT NULL DEFAULT '',
    stderr TEXT NOT NULL DEFAULT '',
    UNIQUE (alertid, number)
) STRICT;

-- Ours: which alerts were sent again, as which.
CREATE TABLE resends (
    alertid INTEGER PRIMARY KEY,
    resent_alertid INTEGER NOT NULL
) STRICT;
CREATE INDEX resends_resent_alertid ON resends (resent_alertid);

-- Which alerts are of recoveries; events and alerts get ids beyond all that these name.
CREATE INDEX alerts_p_eventid ON alerts (p_eventid) WHERE p_eventid IS NOT NULL;

-- Version 3: the problems that are open are found at once. Ours: recovered is 1 when event_recovery names the event.
ALTER TABLE events ADD COLUMN recovered INTEGER NOT NULL DEFAULT 0;
UPDATE events SET recovered = 1 WHERE eventid IN (SELECT eventid FROM event_recovery);
CREATE TRIGGER event_recovery_of_event AFTER INSERT ON event_recovery BEGIN
    UPDATE events SET recovered = 1 WHERE eventid = new.eventid;
END;
CREATE INDEX events_open ON events (source, object) WHERE value = 1 AND recovered = 0;
CREATE INDEX events_open_objectid ON events (objectid, object, source) WHERE value = 1 AND recovered = 0;
-- The last event of a trigger, its last problem, and its events of some time.
DROP INDEX events_objectid;
CREATE INDEX events_objectid ON events (objectid, object, source, clock, value);
-- The users of a media type.
CREATE INDEX media_mediatypeid ON media (mediatypeid, userid);

-- Version 4: users join and leave user groups. What is deleted was not made by a configuration file any more: its id may be
-- given again, to what somebody makes by hand.
CREATE TRIGGER users_groups_made_anew AFTER DELETE ON users_groups BEGIN
    DELETE FROM applied WHERE object = 'users_groups' AND objectid = old.id;
END;
CREATE TRIGGER rights_made_anew AFTER DELETE ON rights BEGIN
    DELETE FROM applied WHERE object = 'rights' AND objectid = old.rightid;
END;
CREATE TRIGGER usrgrp_made_anew AFTER DELETE ON usrgrp BEGIN
    DELETE FROM applied WHERE object = 'usrgrp' AND objectid = old.usrgrpid;
END;
CREATE TRIGGER hstgrp_made_anew AFTER DELETE ON hstgrp BEGIN
    DELETE FROM applied WHERE object = 'hstgrp' AND objectid = old.groupid;
END;

-- Version 5: alerts go in order, the severest first, and within the limits of receivers.
-- What an address is told of a problem through a media type is a line: an alert behind another of its line waits for it.
-- place is the alertid, or, if the alert is sent again, that of the first time.
-- state 0 may be sent, 1 not before `due`, 2 waits behind another, 3 is being sent. The lowest rank goes first: the time when
-- the alert was made, in milliseconds, a minute earlier for each level of severity. only_if_told: a recovery that is not
-- sent if the address got no alert of the problem.
ALTER TABLE alert_queue ADD COLUMN problemid INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_queue ADD COLUMN sendto TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_queue ADD COLUMN rank INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_queue ADD COLUMN state INTEGER NOT NULL DEFAULT 1;
ALTER TABLE alert_queue ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
ALTER TABLE alert_queue ADD COLUMN only_if_told INTEGER NOT NULL DEFAULT 0;
UPDATE alert_queue SET
    problemid = COALESCE(a.p_eventid, a.eventid),
    sendto = a.sendto,
    place = a.alertid,
    rank = 1000 * a.clock
FROM alerts a
WHERE a.alertid = alert_queue.alertid;
UPDATE alert_queue SET rank = rank - 60000 * e.severity
FROM events e
WHERE e.eventid = alert_queue.problemid;
UPDATE alert_queue SET state = 2
WHERE problemid > 0 AND EXISTS (
    SELECT 1
    FROM alert_queue q
    WHERE q.problemid = alert_queue.problemid
        AND q.mediatypeid = alert_queue.mediatypeid
        AND q.sendto = alert_queue.sendto
        AND q.alertid < alert_queue.alertid
);
DROP INDEX alert_queue_mediatypeid;
CREATE INDEX alert_queue_ready ON alert_queue (mediatypeid, rank, alertid, sendto) WHERE state = 0;
CREATE INDEX alert_queue_due ON alert_queue (mediatypeid, due) WHERE state = 1;
CREATE INDEX alert_queue_line ON alert_queue (problemid, mediatypeid, sendto);

-- Ours: how alerts are sent through media types of a configuration file, beside the columns of media_type. A media type
-- without a row is Zabbix's: its attempts come at a fixed interval. Times are seconds, rates such as 20/60s.
CREATE TABLE media_type_rules (
    mediatypeid INTEGER PRIMARY KEY,
    attempt_growth REAL NOT NULL DEFAULT 1,
    give_up_after INTEGER NOT NULL DEFAULT 3600,
    rate TEXT NOT NULL DEFAULT '',
    address_rate TEXT NOT NULL DEFAULT '',
    hold TEXT NOT NULL DEFAULT 'media_type'
) STRICT;

-- Ours: until when nothing is sent through a media type (is_whole 1, sendto ''), or to an address of it, because its receiver
-- asked to wait. Milliseconds since 1970-01-01 UTC.
CREATE TABLE holds (
    mediatypeid INTEGER NOT NULL,
    is_whole INTEGER NOT NULL,
    sendto TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (mediatypeid, is_whole, sendto)
) STRICT, WITHOUT ROWID;

-- Ours: the attempts that count for the rates of media types. ended is when the attempt ended, or will have ended at the
-- latest; milliseconds since 1970-01-01 UTC.
CREATE TABLE turns (
    turnid INTEGER PRIMARY KEY,
    mediatypeid INTEGER NOT NULL,
    sendto TEXT NOT NULL,
    alertid INTEGER NOT NULL,
    ended INTEGER NOT NULL
) STRICT;
CREATE INDEX turns_mediatypeid ON turns (mediatypeid, ended);
CREATE INDEX turns_alertid ON turns (alertid);

-- The same push again changes only the times of its alarm. digest is a SHA-256 of what the last push said and of the revision
-- of the rules at that time; resolve_after is the least of the actions that take the alarm, in seconds.
ALTER TABLE alarms ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE alarms ADD COLUMN resolve_after INTEGER;
-- Identities are random: an index less by them alone saves a page of writing for each new alarm.
DROP INDEX alarms_identity;
DROP INDEX alarms_target;
CREATE INDEX alarms_target ON alarms (target, alarm_type, identity);

-- Version 6: storms in few messages.
-- Ours: alerts of one address that go as one message. clock is when it was made, in seconds; retries are its failed attempts;
-- eventids are the problems that it tells of, a JSON array; alarms has a line for each alert.
CREATE TABLE digests (
    digestid INTEGER PRIMARY KEY,
    clock INTEGER NOT NULL,
    alarm_count INTEGER NOT NULL,
    eventids TEXT NOT NULL,
    alarms TEXT NOT NULL,
    subject TEXT NOT NULL,
    message TEXT NOT NULL,
    retries INTEGER NOT NULL DEFAULT 0
) STRICT;
-- The severest alert of a digest stands for it in the queue; the state of the others is 4, they go with it.
ALTER TABLE alert_queue ADD COLUMN digestid INTEGER;
CREATE INDEX alert_queue_digestid ON alert_queue (digestid) WHERE digestid IS NOT NULL;
ALTER TABLE attempts ADD COLUMN digestid INTEGER;
ALTER TABLE media_type_rules ADD COLUMN digest INTEGER NOT NULL DEFAULT 0;
ALTER TABLE media_type_rules ADD COLUMN digest_bytes INTEGER NOT NULL DEFAULT 4096;
ALTER TABLE media_type_rules ADD COLUMN digest_subject TEXT NOT NULL DEFAULT '';
ALTER TABLE media_type_rules ADD COLUMN digest_message TEXT NOT NULL DEFAULT '';

-- Each endpoint that reports an alarm has an end of its own: reports is a JSON object of endpoints and milliseconds, or null.
-- ended tells how an alarm ended: resolved, or expired if it was not reported any more; '' for those of before. One that ended
-- at ended_at may settle: it is active until expires_at, and then it ended at ended_at.
ALTER TABLE alarms ADD COLUMN reports TEXT NOT NULL DEFAULT '{}';
ALTER TABLE alarms ADD COLUMN ended TEXT NOT NULL DEFAULT '';
ALTER TABLE alarms ADD COLUMN ended_at INTEGER;
ALTER TABLE action_rules ADD COLUMN settle INTEGER NOT NULL DEFAULT 0;

-- An alarm may get worse: updates 1 tells those who were told of it already. severity is the highest that the action told of.
-- While the alerts of a rise are not all made, risen is the last alertid from before it.
ALTER TABLE action_rules ADD COLUMN updates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE escalations ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;
ALTER TABLE escalations ADD COLUMN risen INTEGER;
UPDATE escalations SET severity = e.severity
FROM events e
WHERE e.eventid = escalations.eventid;

-- Version 7: what a channel needs.
-- Ours: what was sent, without secrets; request_cut is 1 if there was more. The alerts of a digest share its last request.
ALTER TABLE attempts ADD COLUMN request TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN request_cut INTEGER NOT NULL DEFAULT 0;
ALTER TABLE digests ADD COLUMN request TEXT NOT NULL DEFAULT '';
-- Of several addresses, those that the next attempt is for, and whether others took the message.
ALTER TABLE alert_queue ADD COLUMN remaining TEXT NOT NULL DEFAULT '';
ALTER TABLE alert_queue ADD COLUMN is_taken INTEGER NOT NULL DEFAULT 0;

-- Version 8: alerts are found and counted without their texts.
-- Ours: what alerts are found by, of themselves and of their events; triggers keep it. source, object and objectid are NULL
-- if the event is missing.
CREATE TABLE alert_index (
    alertid INTEGER PRIMARY KEY,
    actionid INTEGER NOT NULL,
    status INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    userid INTEGER,
    mediatypeid INTEGER,
    source INTEGER,
    object INTEGER,
    objectid INTEGER,
    alerttype INTEGER NOT NULL,
    eventid INTEGER NOT NULL,
    acknowledgeid INTEGER
) STRICT;
CREATE INDEX alert_index_object ON alert_index (
    objectid, object, source, clock, userid, status, actionid, mediatypeid, alerttype
);
CREATE TRIGGER alert_index_add AFTER INSERT ON alerts BEGIN
    INSERT OR REPLACE INTO alert_index
    SELECT
        new.alertid, new.actionid, new.status, new.clock, new.userid, new.mediatypeid, e.source, e.object, e.objectid,
        new.alerttype, new.eventid, new.acknowledgeid
    FROM (SELECT 1) one
    LEFT JOIN events e ON e.eventid = new.eventid;
END;
CREATE TRIGGER alert_index_status AFTER UPDATE OF status ON alerts WHEN new.status <> old.status BEGIN
    UPDATE alert_index SET status = new.status WHERE alertid = new.alertid;
END;
-- What only a hand changes.
CREATE TRIGGER alert_index_change
AFTER UPDATE OF alertid, clock, actionid, userid, mediatypeid, alerttype, eventid, acknowledgeid ON alerts BEGIN
    DELETE FROM alert_index WHERE alertid = old.alertid;
    INSERT OR REPLACE INTO alert_index
    SELECT
        new.alertid, new.actionid, new.status, new.clock, new.userid, new.mediatypeid, e.source, e.object, e.objectid,
        new.alerttype, new.eventid, new.acknowledgeid
    FROM (SELECT 1) one
    LEFT JOIN events e ON e.eventid = new.eventid;
END;
CREATE TRIGGER alert_index_delete AFTER DELETE ON alerts BEGIN
    DELETE FROM alert_index WHERE alertid = old.alertid;
END;
CREATE TRIGGER alert_index_of_event AFTER DELETE ON events BEGIN
    UPDATE alert_index SET source = NULL, object = NULL, objectid = NULL
    WHERE alertid IN (SELECT a.alertid FROM alerts a WHERE a.eventid = old.eventid);
END;
-- Ours: the tables that are not filled yet: the rows after done_id up to end_id are missing. The server adds them while it
-- serves.
CREATE TABLE unfilled (
    name TEXT PRIMARY KEY,
    done_id INTEGER NOT NULL,
    end_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO unfilled (name, done_id, end_id)
SELECT 'alert_index', ends.first - 1, ends.last
FROM (SELECT (SELECT MIN(alertid) FROM alerts) AS first, (SELECT MAX(alertid) FROM alerts) AS last) ends
WHERE ends.first IS NOT NULL;
