"""Signatures of requests, verified by other implementations: OpenSSL, and the library of Standard Webhooks."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from standardwebhooks import Webhook

from alertrpc.configuration.reading import parse_configuration
from alertrpc.delivery.channels import KINDS
from alertrpc.errors import ConfigurationError
from tests.receivers import Answer, Got, Receiver, alerts, attempts, http_channel, push, settled, to_admin, write_config
from tests.support import serving

STANDARD = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def openssl(key: bytes, text: bytes) -> str:
    """HMAC-SHA256 in base64, by OpenSSL."""
    code = HMAC(key, SHA256())
    code.update(text)
    return base64.b64encode(code.finalize()).decode()


def sent(path: Path, receiver: Receiver, **more: Any) -> Got:
    config = write_config(path.with_name("config.toml"), to_admin(http_channel("hook", receiver, **more)))
    with serving(path, "--config", str(config), env={"SIGN": STANDARD}) as server:
        push(server.port)
        settled(path, 1)
    return receiver.got[-1]


@pytest.mark.parametrize("query", ["", "?access_token=TOKEN"])
def test_dingtalk(path: Path, receiver: Receiver, query: str) -> None:
    got = sent(path, receiver, url=receiver.url + query, sign={"scheme": "dingtalk", "secret": "SECabc/+="})
    given = parse_qs(urlsplit(got.path).query, strict_parsing=True)
    [timestamp], [signature] = given["timestamp"], given["sign"]
    assert abs(int(timestamp) / 1000 - time.time()) < 60
    assert signature == openssl(b"SECabc/+=", f"{timestamp}\nSECabc/+=".encode())
    assert ("access_token" in given) == bool(query)


def test_feishu(path: Path, receiver: Receiver) -> None:
    body = '{"msg_type": "text", "content": {"text": ${message_json}}}'
    got = sent(path, receiver, body=body, sign={"scheme": "feishu", "secret": "fei-shu-secret"})
    timestamp = got.json["timestamp"]
    assert abs(int(timestamp) - time.time()) < 60
    assert got.json["sign"] == openssl(f"{timestamp}\nfei-shu-secret".encode(), b"")
    assert got.json["msg_type"] == "text"


@pytest.mark.parametrize("secret", [STANDARD, STANDARD.removeprefix("whsec_"), "${env:SIGN}"])
def test_standard_webhooks(path: Path, receiver: Receiver, secret: str) -> None:
    got = sent(path, receiver, sign={"scheme": "standard-webhooks", "secret": secret})
    given = {name.lower(): value for name, value in got.headers.items()}
    assert given["webhook-id"] == got.delivery_id
    text = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + got.body
    assert given["webhook-signature"] == "v1," + openssl(base64.b64decode(STANDARD.removeprefix("whsec_")), text)
    assert abs(int(given["webhook-timestamp"]) - time.time()) < 60


def test_the_library_of_standard_webhooks(path: Path, receiver: Receiver) -> None:
    got = sent(path, receiver, sign={"scheme": "standard-webhooks", "secret": STANDARD})
    assert Webhook(STANDARD).verify(got.body, {name.lower(): value for name, value in got.headers.items()})


def test_each_attempt_is_signed_anew_and_the_secret_is_not_kept(path: Path, receiver: Receiver) -> None:
    answers = iter([Answer(500), Answer()])
    receiver.answer = lambda got: next(answers)
    sent(path, receiver, sign={"scheme": "standard-webhooks", "secret": STANDARD}, attempt_interval="1s")
    first, second = [{name.lower(): value for name, value in got.headers.items()} for got in receiver.got]
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-timestamp"] != second["webhook-timestamp"]
    kept = json.dumps(attempts(path))
    assert "webhook-signature: v1,******" in kept
    assert first["webhook-signature"].removeprefix("v1,") not in kept
    assert STANDARD not in kept


def test_a_body_that_feishu_cannot_sign(path: Path, receiver: Receiver) -> None:
    config = to_admin(http_channel("hook", receiver, body="no JSON", sign={"scheme": "feishu", "secret": "x"}))
    with serving(path, "--config", str(write_config(path.with_name("config.toml"), config))) as server:
        push(server.port)
        settled(path, 1)
    assert alerts(path)[0]["error"] == "the body is no JSON object, which can be signed for Feishu"


@pytest.mark.parametrize(
    ("sign", "fault"),
    [
        ({"scheme": "other", "secret": "x"}, "sign: scheme: one of dingtalk, feishu, standard-webhooks is expected"),
        ({"scheme": "feishu"}, "sign: secret: it is missing"),
        ({"scheme": "standard-webhooks", "secret": "no base64!"}, "sign: secret: a secret in base64 is expected"),
        ("x", "sign: a table is expected"),
    ],
)
def test_check_knows_signatures(sign: Any, fault: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_configuration({"media_type": [{"name": "a", "type": "http", "url": "http://a/", "sign": sign}]}, KINDS)
    assert str(raised.value).startswith(f'media_type 1 "a": {fault}')
