"""Templates: variables, filters, and what is not escaped twice; labels and links."""

import json
from pathlib import Path
from urllib.parse import unquote

import pytest

from alertrpc.configuration.reading import parse_configuration
from alertrpc.delivery.channels import KINDS
from alertrpc.errors import ConfigurationError
from alertrpc.ledger.templates import Place, places, render
from alertrpc.references import is_reference
from tests.receivers import Receiver, http_channel, push, settled, to_admin, write_config
from tests.support import serving

VALUES = {"a": '<b> & "c" _d_ (e).', "long": "0123456789", "json_json": "own"}

RENDERED = [
    ("${a}", VALUES["a"]),
    ("${a|html}", "&lt;b&gt; &amp; &quot;c&quot; _d_ (e)."),
    ("${a|slack}", '&lt;b&gt; &amp; "c" _d_ (e).'),
    ("${a|markdown}", '<b\\> & "c" \\_d\\_ \\(e\\)\\.'),
    ("${a|json}", json.dumps(VALUES["a"])),
    ("${a_json}", json.dumps(VALUES["a"])),
    ("${a_json|json}", json.dumps(VALUES["a"])),
    ("${a_json|slack}", json.dumps('&lt;b&gt; &amp; "c" _d_ (e).')),
    ("${a|url}", "%3Cb%3E%20%26%20%22c%22%20_d_%20%28e%29."),
    ("${long|cut:4}", "012…"),
    ("${long|cut:10}", "0123456789"),
    ("${long|cut:9}", "01234567…"),
    ("${long|cut:1}", "…"),
    ("${ long | cut:3 | html }", "01…"),
    ("${a|html|cut:5}", "&lt;…"),
    ("${a|cut:3|html}", "&lt;b…"),
    ("${a_json|cut:2}", '"<…"'),
    ("${none|html}", ""),
    ("${long|odd}", "0123456789"),
    ("${json_json}", "own"),
]


@pytest.mark.parametrize(("template", "expected"), RENDERED)
def test_filters(template: str, expected: str) -> None:
    assert render(template, VALUES) == expected


def test_places() -> None:
    assert places("x${a}y${b|url|cut:3}") == [Place("a", (), "a"), Place("b", ("url", "cut:3"), "b")]
    assert places("${a_json}")[0].variable == "a"
    assert not is_reference("a")


def test_every_character_of_markdown_is_escaped() -> None:
    special = "_*[]()~`>#+-=|{}.!\\"
    assert render("${a|markdown}", {"a": special}) == "".join(f"\\{each}" for each in special)


@pytest.mark.parametrize(
    ("key", "text", "fault"),
    [
        ("message", "${alarm_name|odd}", 'there is no filter "odd"; there are cut:N, html, markdown, slack, json, url'),
        ("url", "http://a/${alarm_name|cut:0}", 'there is no filter "cut:0"; there are cut:N'),
        ("body", "${alarm_name|cut}", 'there is no filter "cut"; there are cut:N'),
        ("body", "${alarm_name|cut:99999}", 'there is no filter "cut:99999"; there are cut:N'),
        ("subject", "${env:HOME}", 'there is no variable "env:HOME"'),
        ("digest_message", "${file:/etc/hosts}", 'there is no variable "file:/etc/hosts"'),
        ("body", "${env:A-B}", 'there is no variable "env:A-B"'),
        ("message", "${alarm_nam|html}", 'there is no variable "alarm_nam"; did you mean "alarm_name"?'),
    ],
)
def test_check_refuses_what_there_is_not(key: str, text: str, fault: str) -> None:
    media_type = {"name": "a", "type": "http", "url": "http://a/", key: text}
    with pytest.raises(ConfigurationError) as raised:
        parse_configuration({"media_type": [media_type]}, KINDS)
    assert str(raised.value).startswith(f'media_type 1 "a": {key}: {fault}')


def test_nothing_is_escaped_twice_in_a_url(path: Path, receiver: Receiver) -> None:
    hook = http_channel(
        "hook",
        receiver,
        url=receiver.url + "${alarm_target}/${alarm_target|url}/${alarm_target|cut:3|url}",
        body='{"a": ${labels_json}, "b": ${labels|json}, "c": ${alarm_summary_json|slack}}',
    )
    config = write_config(path.with_name("config.toml"), to_admin(hook))
    with serving(path, "--config", str(config)) as server:
        push(server.port, "a b/c", labels={"team": "dba", "k": "v"}, summary='<&"\n')
        settled(path, 1)
    [got] = receiver.got
    assert got.path == "/a%20b%2Fc/a%20b%2Fc/a%20%E2%80%A6"
    assert unquote(got.path) == "/a b/c/a b/c/a …"
    assert got.json == {"a": {"team": "dba", "k": "v"}, "b": "team: dba\nk: v", "c": '&lt;&amp;"\n'}


# --- links

LINKS = '{"alert": ${alert_link_json}, "problem": ${problem_link_json}, "text": ${message_json}}'


@pytest.mark.parametrize("public", ["https://alerts.example.com/base", "https://alerts.example.com/base/", ""])
def test_links(path: Path, receiver: Receiver, public: str) -> None:
    hook = http_channel("hook", receiver, body=LINKS)
    config = write_config(path.with_name("config.toml"), to_admin(hook, recovery=True))
    flags = ["--public-url", public] if public else []
    with serving(path, "--config", str(config), *flags) as server:
        eventid = push(server.port)["id"]
        push(server.port, status="Inactive")
        settled(path, 2)
    base = "https://alerts.example.com/base"
    for number, got in enumerate(receiver.got, 1):
        if public:
            assert (got.json["alert"], got.json["problem"]) == (f"{base}/alert/{number}", f"{base}/problem/{eventid}")
            assert got.json["text"].endswith(f"\nLink: {base}/problem/{eventid}")
        else:
            assert (got.json["alert"], got.json["problem"]) == ("", "")
            assert "Link" not in got.json["text"]
