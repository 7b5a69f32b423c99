"""Signs requests, so that receivers know who sent them.

Sources: DingTalk's and Feishu's documents of custom bots
(https://open.dingtalk.com/document/robots/customize-robot-security-settings,
https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot), and https://www.standardwebhooks.com.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from hmac import digest
from typing import NamedTuple
from urllib.parse import urlencode

import orjson

STANDARD_PREFIX = "whsec_"


class Signed(NamedTuple):
    """The parts of a request that a signature changes: what follows in the query, more headers, and the body."""

    query: str
    headers: Mapping[str, str]
    body: bytes
    signature: str


def _dingtalk(secret: str, _: str, now: float, body: bytes) -> Signed:
    """The signature of time and secret in the query; the time is in milliseconds."""
    timestamp = str(int(now * 1000))
    signature = _hmac(secret.encode(), f"{timestamp}\n{secret}".encode())
    return Signed(urlencode({"timestamp": timestamp, "sign": signature}), {}, body, signature)


def _feishu(secret: str, _: str, now: float, body: bytes) -> Signed:
    """The signature of nothing in the body, whose key is made of time and secret; the time is in seconds."""
    timestamp = str(int(now))
    signature = _hmac(f"{timestamp}\n{secret}".encode(), b"")
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        content = None
    if not isinstance(content, dict):
        raise ValueError("the body is no JSON object, which can be signed for Feishu")
    signed = {"timestamp": timestamp, "sign": signature, **content}
    return Signed("", {}, orjson.dumps(signed), signature)


def _standard(secret: str, delivery_id: str, now: float, body: bytes) -> Signed:
    """The signature of delivery id, time and body in a header; the secret is base64."""
    timestamp = str(int(now))
    signed = b".".join((delivery_id.encode(), timestamp.encode(), body))
    signature = _hmac(standard_key(secret), signed)
    headers = {"webhook-id": delivery_id, "webhook-timestamp": timestamp, "webhook-signature": f"v1,{signature}"}
    return Signed("", headers, body, signature)


def standard_key(secret: str) -> bytes:
    """The key of a secret of Standard Webhooks. Raises ValueError."""
    try:
        return b64decode(secret.removeprefix(STANDARD_PREFIX), validate=True)
    except ValueError:
        raise ValueError(f"a secret in base64 is expected, with or without {STANDARD_PREFIX} before it") from None


def _hmac(key: bytes, text: bytes) -> str:
    return b64encode(digest(key, text, sha256)).decode()


Scheme = Callable[[str, str, float, bytes], Signed]
STANDARD = "standard-webhooks"
SCHEMES: Mapping[str, Scheme] = {"dingtalk": _dingtalk, "feishu": _feishu, STANDARD: _standard}


def signed(sign: Mapping[str, str], delivery_id: str, now: float, body: bytes) -> Signed:
    """Signs a body by the scheme and the secret of a media type; `now` is in seconds. Raises ValueError."""
    if not sign:
        return Signed("", {}, body, "")
    return SCHEMES[sign["scheme"]](sign["secret"], delivery_id, now, body)
