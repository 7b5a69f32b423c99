"""What a TOML file declares: the whole form, every fault with its place, and nothing that breaks the parser."""

import tomllib
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.configuration.reading import declares, parse_configuration, read_configuration
from alertrpc.delivery.channels import KINDS
from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.http import HTTP_BODY, HttpMediaType
from alertrpc.delivery.channels.script import ScriptMediaType
from alertrpc.errors import ConfigurationError, SettingsError
from alertrpc.records import (
    Action,
    Configuration,
    Media,
    Receiver,
    Recovery,
    Severity,
    SmtpSecurity,
    Step,
    UserGroup,
)
from tests.jsons import examples

WHOLE = r"""
port = 8081

[[media_type]]
name = "pager"
type = "script"                  # script, http, email
script = "send_alarm.py"         # in scripts_dir; never outside it
timeout = "30s"
max_attempts = 3
attempt_interval = "10s"
max_sessions = 1                 # sends at one time
subject = "${alarm_level}: ${alarm_name} on ${alarm_target}"
message = "${alarm_summary}\n${alarm_description}"

[[media_type]]
name = "chat"
type = "http"
method = "POST"
url = "http://127.0.0.1:9000/hook"
headers = { "Content-Type" = "application/json" }
body = '{"text": ${message_json}}'
expect = '{"errcode": 0}'

[[media_type]]
name = "mail"
type = "email"
smtp_server = "127.0.0.1"
smtp_port = 25
smtp_email = "alerts@example.com"

[[user]]
username = "dba"
media = [ { media_type = "pager", sendto = "+371000000", severities = ["High", "Disaster"] },
          { media_type = "mail", sendto = "dba@example.com" } ]

[[user_group]]
name = "On call"
members = ["dba"]
read = ["Pushed alarms", "Web"]
write = ["Databases"]
deny = ["Payroll"]

[[action]]
name = "Wake the DBA"
alarm_type = "ob_*"              # glob; may be a list
target = "*"
labels = { cluster = "prod*" }
min_severity = "Average"
recovery = true
repeat_every = "1h"              # the last step again while the problem lasts; absent: never
steps = [ { after = "0s", users = ["dba"], media_types = ["pager"] },
          { after = "10m", user_groups = ["On call"] } ]
"""
PARSED = Configuration(
    media_types=(
        ScriptMediaType(
            name="pager",
            script="send_alarm.py",
            timeout=30,
            max_attempts=3,
            attempt_interval=10,
            max_sessions=1,
            subject="${alarm_level}: ${alarm_name} on ${alarm_target}",
            message="${alarm_summary}\n${alarm_description}",
        ),
        HttpMediaType(
            name="chat",
            method="POST",
            url="http://127.0.0.1:9000/hook",
            headers={"Content-Type": "application/json"},
            body='{"text": ${message_json}}',
            expect='{"errcode": 0}',
        ),
        EmailMediaType(name="mail", smtp_server="127.0.0.1", smtp_port=25, smtp_email="alerts@example.com"),
    ),
    receivers=(
        Receiver(
            username="dba",
            media=(
                Media(media_type="pager", sendto="+371000000", severities=0b110000),
                Media(media_type="mail", sendto="dba@example.com", severities=0b111111),
            ),
        ),
    ),
    user_groups=(
        UserGroup(
            name="On call", members=("dba",), read=("Pushed alarms", "Web"), write=("Databases",), deny=("Payroll",)
        ),
    ),
    actions=(
        Action(
            name="Wake the DBA",
            alarm_type=("ob_*",),
            target=("*",),
            labels={"cluster": ("prod*",)},
            min_severity=Severity.AVERAGE,
            recovery=Recovery.TOLD,
            repeat_every=3600,
            steps=(
                Step(after=0, users=("dba",), media_types=("pager",)),
                Step(after=600, user_groups=("On call",)),
            ),
        ),
    ),
)

# A sound entry of each kind, to which each fault adds what is wrong.
SOUND: dict[str, tuple[str, dict[str, Any]]] = {
    "script": ("media_type", {"name": "a", "type": "script", "script": "a.py"}),
    "http": ("media_type", {"name": "a", "type": "http", "url": "http://localhost/"}),
    "email": ("media_type", {"name": "a", "type": "email", "smtp_server": "localhost", "smtp_email": "a@localhost"}),
    "user": ("user", {"username": "a"}),
    "user_group": ("user_group", {"name": "a"}),
    "action": ("action", {"name": "a", "steps": [{"users": ["a"]}]}),
}
NOT_A_TIME = "a time such as 30s, 15m or 1h is expected"
NOT_A_SEVERITY = "one of Not classified, Information, Warning, Average, High, Disaster is expected"
NOT_AN_ADDRESS = "an address that starts with http:// or https:// is expected, without white space"
ABSENT: Any = object()
PAGERS = "\U0001f4df" * 51  # 204 bytes
MEDIUM = {"media_type": "pager", "sendto": "1"}
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("script", {"name": ABSENT}, "media_type 1: name: it is missing"),
    ("script", {"name": ""}, "media_type 1: name: a text of 1 to 100 characters is expected, not of 0"),
    ("http", {"name": "x" * 101},
     f'media_type 1 "{"x" * 60}...": name: a text of 1 to 100 characters is expected, not of 101'),
    ("http", {"name": "a\0b"}, r'media_type 1 "a\u0000b": name: a text without NUL is expected'),
    ("http", {"name": "a\nb", "timeout": 0}, r'media_type 1 "a\nb": timeout: a time from 1s to 1h is expected, not 0'),
    ("script", {"name": "a/b"},
     'media_type 1 "a/b": name: it names a folder: no "/", no leading "." and at most 200 bytes are expected, not "a/b"'),
    ("script", {"name": ".a"},
     'media_type 1 ".a": name: it names a folder: no "/", no leading "." and at most 200 bytes are expected, not ".a"'),
    ("script", {"name": PAGERS},
     f'media_type 1 "{PAGERS}": name: it names a folder: no "/", no leading "." and at most 200 bytes are'
     f' expected, not "{PAGERS}"'),
    ("script", {"type": "sms"}, 'media_type 1 "a": type: one of script, http, email is expected, not "sms"'),
    ("script", {"type": ABSENT}, 'media_type 1 "a": type: it is missing'),
    ("script", {"timeout": "soon"}, f'media_type 1 "a": timeout: {NOT_A_TIME}, not "soon"'),
    ("script", {"timeout": 1.5}, f'media_type 1 "a": timeout: {NOT_A_TIME}, not 1.5'),
    ("script", {"timeout": True}, f'media_type 1 "a": timeout: {NOT_A_TIME}, not true'),
    ("script", {"timeout": time(1)}, f'media_type 1 "a": timeout: {NOT_A_TIME}, not a date or a time'),
    ("script", {"timeout": "61m"}, 'media_type 1 "a": timeout: a time from 1s to 1h is expected, not "61m"'),
    ("script", {"timeout": -1}, 'media_type 1 "a": timeout: a time from 1s to 1h is expected, not -1'),
    ("script", {"max_attempts": 0}, 'media_type 1 "a": max_attempts: a whole number from 1 to 100 is expected, not 0'),
    ("script", {"max_attempts": "3"},
     'media_type 1 "a": max_attempts: a whole number from 1 to 100 is expected, not "3"'),
    ("script", {"max_attempts": 10**5000},
     'media_type 1 "a": max_attempts: a whole number from 1 to 100 is expected, not a number'),
    ("script", {"attempt_interval": "2h"},
     'media_type 1 "a": attempt_interval: a time from 0s to 1h is expected, not "2h"'),
    ("script", {"attempt_growth": 0.5}, 'media_type 1 "a": attempt_growth: a number from 1 to 10 is expected, not 0.5'),
    ("script", {"attempt_growth": 11}, 'media_type 1 "a": attempt_growth: a number from 1 to 10 is expected, not 11'),
    ("script", {"attempt_growth": "2"}, 'media_type 1 "a": attempt_growth: a number from 1 to 10 is expected, not "2"'),
    ("script", {"attempt_growth": True}, 'media_type 1 "a": attempt_growth: a number from 1 to 10 is expected, not true'),
    ("script", {"attempt_growth": float("nan")},
     'media_type 1 "a": attempt_growth: a number from 1 to 10 is expected, not nan'),
    ("script", {"give_up_after": "0s"}, 'media_type 1 "a": give_up_after: a time from 1s to 52w is expected, not "0s"'),
    ("script", {"give_up_after": "never"},
     'media_type 1 "a": give_up_after: a time such as 30s, 15m or 1h is expected, not "never"'),
    ("http", {"rate": "20"},
     'media_type 1 "a": rate: a rate such as 20/1m is expected, of 1 to 10000 attempts in 1ms to 1d, not "20"'),
    ("http", {"rate": "0/1m"},
     'media_type 1 "a": rate: a rate such as 20/1m is expected, of 1 to 10000 attempts in 1ms to 1d, not "0/1m"'),
    ("http", {"rate": "20/2d"},
     'media_type 1 "a": rate: a rate such as 20/1m is expected, of 1 to 10000 attempts in 1ms to 1d, not "20/2d"'),
    ("email", {"rate": 20},
     'media_type 1 "a": rate: a rate such as 20/1m is expected, of 1 to 10000 attempts in 1ms to 1d, not 20'),
    ("http", {"address_rate": "10001/1s"},
     'media_type 1 "a": address_rate: a rate such as 20/1m is expected, of 1 to 10000 attempts in 1ms to 1d, '
     'not "10001/1s"'),
    (
        "http",
        {"recovery_subject": "${alarm_previous_level}"},
        'media_type 1 "a": recovery_subject: there is no variable "alarm_previous_level"; did you mean "alarm_level"?',
    ),
    ("http", {"update_subject": "${zzzz}"}, 'media_type 1 "a": update_subject: there is no variable "zzzz"'),
    ("http", {"tls_verify": "yes"}, 'media_type 1 "a": tls_verify: true or false is expected, not "yes"'),
    ("http", {"tls_ca": 1}, 'media_type 1 "a": tls_ca: a text is expected, not a number'),
    ("http", {"digest": 1000}, 'media_type 1 "a": digest: a whole number from 0 to 999 is expected, not 1000'),
    ("http", {"digest": True}, 'media_type 1 "a": digest: a whole number from 0 to 999 is expected, not true'),
    ("http", {"digest_bytes": "65K"}, 'media_type 1 "a": digest_bytes: a size from 256 to 64K is expected, not "65K"'),
    ("http", {"digest_bytes": 255}, 'media_type 1 "a": digest_bytes: a size from 256 to 64K is expected, not 255'),
    ("http", {"digest_subject": "${delivery_id}"}, 'media_type 1 "a": digest_subject: there is no variable "delivery_id"'),
    ("http", {"hold": "all"}, 'media_type 1 "a": hold: one of media_type, address is expected, not "all"'),
    ("email", {"answers": []},
     'media_type 1 "a": answers: it is of media types of type script or http, and this is of type email'),
    ("action", {"recovery": "sometimes"},
     'action 1 "a": recovery: true, false or "always" is expected, not "sometimes"'),
    ("script", {"max_sessions": 101}, 'media_type 1 "a": max_sessions: a whole number from 0 to 100 is expected, not 101'),
    ("script", {"max_sessions": True},
     'media_type 1 "a": max_sessions: a whole number from 0 to 100 is expected, not true'),
    ("script", {"subject": "${alarm_nam}"},
     'media_type 1 "a": subject: there is no variable "alarm_nam"; did you mean "alarm_name"?'),
    ("script", {"message": "${message}"}, 'media_type 1 "a": message: there is no variable "message"'),
    ("script", {"recovery_subject": "${}"}, 'media_type 1 "a": recovery_subject: there is no variable ""'),
    ("script", {"recovery_message": "${sendto_json}"},
     'media_type 1 "a": recovery_message: there is no variable "sendto"'),
    ("script", {"subject": 5}, 'media_type 1 "a": subject: a text is expected, not a number'),
    ("script", {"script": ABSENT}, 'media_type 1 "a": script: it is missing'),
    ("script", {"script": "../a.py"},
     'media_type 1 "a": script: the name of a file in scripts_dir is expected, not "../a.py"'),
    ("script", {"script": "/a.py"}, 'media_type 1 "a": script: the name of a file in scripts_dir is expected, not "/a.py"'),
    ("script", {"expect": "("}, 'media_type 1 "a": expect: it is no regular expression: missing ) at position 1'),
    ("script", {"timeuot": 1}, 'media_type 1 "a": timeuot: there is no such key; did you mean "timeout"?'),
    ("script", {"zzz": 1}, 'media_type 1 "a": zzz: there is no such key'),
    ("script", {"a\nb": 1}, r'media_type 1 "a": "a\nb": there is no such key'),
    ("script", {"url": "http://localhost/"},
     'media_type 1 "a": url: it is of media types of type http, and this is of type script'),
    ("http", {"smtp_port": 25}, 'media_type 1 "a": smtp_port: it is of media types of type email, and this is of type http'),
    ("email", {"expect": "x"},
     'media_type 1 "a": expect: it is of media types of type script or http, and this is of type email'),
    ("http", {"url": ABSENT}, 'media_type 1 "a": url: it is missing'),
    ("http", {"url": "ftp://localhost/"}, f'media_type 1 "a": url: {NOT_AN_ADDRESS}'),
    ("http", {"url": "http://local host/"}, f'media_type 1 "a": url: {NOT_AN_ADDRESS}'),
    ("http", {"url": "http://${zzz}/"}, 'media_type 1 "a": url: there is no variable "zzz"'),
    ("http", {"method": "BREW"}, 'media_type 1 "a": method: one of GET, POST, PUT, PATCH, DELETE is expected, not "BREW"'),
    ("http", {"headers": "X: y"}, 'media_type 1 "a": headers: a table is expected, not a text'),
    ("http", {"headers": {"X": 5}}, 'media_type 1 "a": headers: X: a text is expected, not a number'),
    ("http", {"headers": {"X Y": "z"}}, 'media_type 1 "a": headers: "X Y": this is no name of a header'),
    ("http", {"headers": {"X": "y\nz"}}, 'media_type 1 "a": headers: X: one line is expected'),
    ("http", {"headers": {"X": "${x}"}}, 'media_type 1 "a": headers: X: there is no variable "x"'),
    ("http", {"body": "${x}"}, 'media_type 1 "a": body: there is no variable "x"'),
    ("http", {"proxy": "localhost:3128"}, f'media_type 1 "a": proxy: {NOT_AN_ADDRESS}'),
    ("email", {"smtp_server": ABSENT}, 'media_type 1 "a": smtp_server: it is missing'),
    ("email", {"smtp_email": ABSENT}, 'media_type 1 "a": smtp_email: it is missing'),
    ("email", {"smtp_server": "local host"},
     'media_type 1 "a": smtp_server: a host name or an address is expected, not "local host"'),
    ("email", {"smtp_port": 0}, 'media_type 1 "a": smtp_port: a whole number from 1 to 65535 is expected, not 0'),
    ("email", {"smtp_email": "a"},
     'media_type 1 "a": smtp_email: an address such as alerts@example.com is expected, not "a"'),
    ("email", {"smtp_security": "ssl"},
     'media_type 1 "a": smtp_security: one of none, starttls, tls is expected, not "ssl"'),
    ("email", {"smtp_verify": "no"}, 'media_type 1 "a": smtp_verify: true or false is expected, not "no"'),
    ("email", {"password": 1234}, 'media_type 1 "a": password: a text is expected, not a number'),
    ("user", {"username": ABSENT}, "user 1: username: it is missing"),
    ("user", {"user_groups": "a"}, 'user 1 "a": user_groups: a list is expected, not "a"'),
    ("user", {"user_groups": ["a", ""]}, 'user 1 "a": user_groups 2: a text of 1 to 64 characters is expected, not of 0'),
    ("user", {"media": {}}, 'user 1 "a": media: a list is expected, not a table'),
    ("user", {"media": [5]}, 'user 1 "a": media 1: a table is expected, not 5'),
    ("user", {"media": [{"media_type": "pager"}]}, 'user 1 "a": media 1: sendto: it is missing'),
    ("user", {"media": [{**MEDIUM, "sendto": "x" * 1025}]},
     'user 1 "a": media 1: sendto: a text of 1 to 1024 characters is expected, not of 1025'),
    ("user", {"media": [{**MEDIUM, "severities": ["High", "Low"]}]},
     f'user 1 "a": media 1: severities 2: {NOT_A_SEVERITY}, not "Low"'),
    ("user", {"media": [{**MEDIUM, "severities": []}]},
     'user 1 "a": media 1: severities: a list that is not empty is expected'),
    ("user", {"media": [MEDIUM, {**MEDIUM, "severities": ["High"]}]},
     'user 1 "a": media 2: media 1 has the same media type and address'),
    ("user", {"media": [{**MEDIUM, "severity": "High"}]},
     'user 1 "a": media 1: severity: there is no such key; did you mean "severities"?'),
    ("user_group", {"name": ABSENT}, "user_group 1: name: it is missing"),
    ("user_group", {"name": "x" * 65},
     f'user_group 1 "{"x" * 60}...": name: a text of 1 to 64 characters is expected, not of 65'),
    ("user_group", {"members": "ann"}, 'user_group 1 "a": members: a list is expected, not "ann"'),
    ("user_group", {"members": ["ann", 5]}, 'user_group 1 "a": members 2: a text is expected, not a number'),
    ("user_group", {"read": "Web"}, 'user_group 1 "a": read: a list is expected, not "Web"'),
    ("user_group", {"deny": ["x" * 256]},
     'user_group 1 "a": deny 1: a text of 1 to 255 characters is expected, not of 256'),
    ("user_group", {"read": ["Web", "Web"], "write": ["a", "Web"]},
     'user_group 1 "a": write: "Web" stands in read already'),
    ("user_group", {"member": ["ann"]}, 'user_group 1 "a": member: there is no such key; did you mean "members"?'),
    ("action", {"alarm_type": 5}, 'action 1 "a": alarm_type: a text is expected, not a number'),
    ("action", {"target": ["*", 5]}, 'action 1 "a": target 2: a text is expected, not a number'),
    ("action", {"target": []}, 'action 1 "a": target: a list that is not empty is expected'),
    ("action", {"labels": ["a"]}, 'action 1 "a": labels: a table is expected, not a list'),
    ("action", {"labels": {"a": ["b", True]}}, 'action 1 "a": labels: a 2: a text is expected, not true or false'),
    ("action", {"min_severity": 3}, f'action 1 "a": min_severity: {NOT_A_SEVERITY}, not 3'),
    ("action", {"recovery": 1}, 'action 1 "a": recovery: true, false or "always" is expected, not 1'),
    ("action", {"repeat_every": "30s"}, 'action 1 "a": repeat_every: a time from 1m to 52w is expected, not "30s"'),
    ("action", {"updates": "yes"}, 'action 1 "a": updates: true or false is expected, not "yes"'),
    ("action", {"settle": "2d"}, 'action 1 "a": settle: a time from 0s to 1d is expected, not "2d"'),
    ("action", {"resolve_after": 0}, 'action 1 "a": resolve_after: a time from 1s to 52w is expected, not 0'),
    ("action", {"steps": ABSENT}, 'action 1 "a": steps: it is missing'),
    ("action", {"steps": []}, 'action 1 "a": steps: a list that is not empty is expected'),
    ("action", {"steps": [{"after": "1m"}]}, 'action 1 "a": steps 1: users: users or user_groups are expected'),
    ("action", {"steps": [{"users": ["a"], "after": 9}, {"users": ["a"]}]},
     'action 1 "a": steps 2: after: it is sooner than the step before'),
    ("action", {"steps": [{"users": ["a"]}, {"user_groups": "On call"}]},
     'action 1 "a": steps 2: user_groups: a list is expected, not "On call"'),
]  # fmt: skip
WRONG_DOCUMENTS: list[tuple[dict[str, Any], list[str]]] = [
    ({"user": "a"}, ['user: a list of tables is expected, each under [[user]], not "a"']),
    ({"action": {"name": "a"}}, ["action: a list of tables is expected, each under [[action]], not a table"]),
    ({"media_type": [1, "a"]},
     ["media_type 1: a table is expected, not 1", 'media_type 2: a table is expected, not "a"']),
    ({"user": [{"username": "a"}, {"username": "b"}, {"username": "a"}]},
     ['user 3 "a": username: user 1 has this name already']),
    ({"user": [{"username": ""}, {"nam": "a"}], "action": [{"name": "b", "steps": [{}, {"users": [""]}]}]},
     ["user 1: username: a text of 1 to 100 characters is expected, not of 0",
      "user 2: username: it is missing",
      'user 2: nam: there is no such key; did you mean "name"?',
      'action 1 "b": steps 1: users: users or user_groups are expected',
      'action 1 "b": steps 2: users 1: a text of 1 to 100 characters is expected, not of 0']),
    ({"user_group": [{"name": "a", "read": ["r"], "deny": ["w", "r"], "write": ["w"]}, {"name": "a", "members": [""]}]},
     ['user_group 1 "a": deny: "w" stands in write already',
      'user_group 1 "a": deny: "r" stands in read already',
      'user_group 2 "a": name: user_group 1 has this name already',
      'user_group 2 "a": members 1: a text of 1 to 100 characters is expected, not of 0']),
    ({"media_type": [{"name": "a", "type": "fax", "timeout": 0, "url": "x", "lines": 1}]},
     ['media_type 1 "a": type: one of script, http, email is expected, not "fax"',
      'media_type 1 "a": timeout: a time from 1s to 1h is expected, not 0',
      f'media_type 1 "a": url: {NOT_AN_ADDRESS}',
      'media_type 1 "a": lines: there is no such key']),
]  # fmt: skip


def document(kind: str, **changes: Any) -> dict[str, Any]:
    table, sound = SOUND[kind]
    return {table: [{key: value for key, value in {**sound, **changes}.items() if value is not ABSENT}]}


def parsed(document: dict[str, Any]) -> Configuration:
    return parse_configuration(document, KINDS)


def faults(document: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        parsed(document)
    assert str(raised.value) == "\n".join(raised.value.faults)
    return list(raised.value.faults)


def media_type(kind: str, **changes: Any) -> Any:
    return parsed(document(kind, **changes)).media_types[0]


def test_the_whole_form() -> None:
    assert parsed(tomllib.loads(WHOLE)) == PARSED


def test_nothing_is_declared() -> None:
    assert parsed({"port": 1}) == Configuration()


@pytest.mark.parametrize("kind", SOUND)
def test_what_the_faults_start_from_is_sound(kind: str) -> None:
    parsed(document(kind))


@pytest.mark.parametrize(("kind", "changes", "fault"), FAULTS)
def test_a_fault_has_its_place(kind: str, changes: dict[str, Any], fault: str) -> None:
    assert faults(document(kind, **changes)) == [fault]


@pytest.mark.parametrize(("wrong", "told"), WRONG_DOCUMENTS)
def test_all_faults_are_told(wrong: dict[str, Any], told: list[str]) -> None:
    assert faults(wrong) == told


def test_the_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text("[[user]]\n[[action]]\nname = 'a'\nsteps = []\n")
    with pytest.raises(ConfigurationError) as raised:
        read_configuration(str(file), KINDS)
    assert raised.value.faults == (
        f"{file}: user 1: username: it is missing",
        f'{file}: action 1 "a": steps: a list that is not empty is expected',
    )


@pytest.mark.parametrize("text", ["[[user]", "a = " + "[" * 9000, "a = " + "9" * 9000])
def test_a_file_that_is_no_toml(tmp_path: Path, text: str) -> None:
    file = tmp_path / "a.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"a\.toml: "):
        read_configuration(str(file), KINDS)


@pytest.mark.parametrize(("text", "declared"), [("port = 1", False), ("", False), ("user = []", True), (WHOLE, True)])
def test_whether_a_file_declares_anything(tmp_path: Path, text: str, declared: bool) -> None:
    file = tmp_path / "a.toml"
    file.write_text(text)
    assert declares(str(file)) is declared


@pytest.mark.parametrize(
    ("changes", "body"),
    [
        ({}, HTTP_BODY),
        ({"method": "put"}, HTTP_BODY),
        ({"body": ""}, ""),
        ({"body": "${message}"}, "${message}"),
        ({"method": "GET"}, ""),
        ({"method": "DELETE", "body": "x"}, "x"),
    ],
)
def test_the_body_of_http(changes: dict[str, Any], body: str) -> None:
    assert media_type("http", **changes).body == body


@pytest.mark.parametrize("url", ["https://localhost/${label_path}", "${label_hook}", "HTTP://localhost"])
def test_an_address(url: str) -> None:
    assert media_type("http", url=url).url == url


def test_templates_of_channels_know_the_alert() -> None:
    body = "${message_json} ${sendto} ${delivery_id} ${alarm_name_json} ${label_x} ${annotation_y} $5 {} ${"
    assert media_type("http", body=body).body == body


def test_upper_and_lower_case() -> None:
    assert media_type("script", type="Script").kind == "script"
    assert media_type("http", method="patch").method == "PATCH"
    assert media_type("email", smtp_security="STARTTLS").smtp_security is SmtpSecurity.STARTTLS
    media = [{**MEDIUM, "severities": ["not classified", "DISASTER", "Disaster"]}]
    assert parsed(document("user", media=media)).receivers[0].media[0].severities == 0b100001


def test_times() -> None:
    assert media_type("script", timeout=5, attempt_interval="0").attempt_interval == 0
    assert media_type("script", timeout="1h").timeout == 3600


def test_names_are_taken_once_and_steps_may_be_due_together() -> None:
    steps = [{"users": ["a", "b", "a"]}, {"user_groups": ["c"]}]
    assert parsed(document("action", steps=steps)).actions[0].steps == (
        Step(users=("a", "b")),
        Step(user_groups=("c",)),
    )


# --- whatever a document holds

texts = st.text(max_size=20) | st.sampled_from(
    ["", "script", "http", "${x}", "a\0", "High", "1h", "http://x", "(", "{}"]
)
scalars = st.booleans() | st.integers() | st.floats() | texts | st.just(date(1979, 5, 27)) | st.none()
keys = texts | st.sampled_from(sorted({key for _, sound in SOUND.values() for key in sound} | {"media", "_schema"}))
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=10
)


def near(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """A sound entry with some of its values, and of others that it may have, replaced by any."""
    others = {key: values for wrong_kind, changes, _ in FAULTS if wrong_kind == kind for key in changes}
    return st.fixed_dictionaries({}, optional=others).map(lambda changes: {**SOUND[kind][1], **changes})


entries = values | st.one_of([near(kind) for kind in SOUND])
tables = st.lists(entries, max_size=3) | values
declared = {"media_type": tables, "user": tables, "user_group": tables, "action": tables}
documents = st.fixed_dictionaries({}, optional={**declared, "port": values})


def found(document: dict[str, Any]) -> tuple[str, ...]:
    """The faults of a document, if it has any."""
    try:
        parsed(document)
    except ConfigurationError as error:
        return error.faults
    return ()


@examples(1.5)
@given(documents)
def test_any_document_is_a_configuration_or_has_faults(document: dict[str, Any]) -> None:
    for fault in found(document):
        assert fault.partition(": ")[2]
        assert fault.splitlines() == [fault]


@examples(1.5)
@given(st.text(max_size=30, alphabet="()[]{}*+?|\\^$.a1,<>=!:P&~-"))
def test_any_expect_is_taken_or_is_a_fault(expect: str) -> None:
    for fault in found(document("script", expect=expect)):
        assert fault.startswith('media_type 1 "a": expect: ')


MAIL_TO = [
    ("a@example.com, Ops <b@example.com>", None),
    ("a@example.com, b", "not an address: a@example.com, b"),
    ("ops", "not an address: ops"),
]


@pytest.mark.parametrize(("sendto", "fault"), MAIL_TO)
def test_addresses_of_mails_are_checked(sendto: str, fault: str | None) -> None:
    mail = {"name": "mail", "type": "email", "smtp_server": "m", "smtp_email": "a@b"}
    media = [{"media_type": "mail", "sendto": "x@example.com"}, {"media_type": "mail", "sendto": sendto}]
    document = {"media_type": [mail], "user": [{"username": "dba", "media": media}]}
    if fault is None:
        assert parsed(document).receivers[0].media[1].sendto == sendto
    else:
        assert faults(document) == [f'user 1 "dba": media 2: sendto: {fault}']
