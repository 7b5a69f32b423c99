"""What of a receiver's texts is kept: no secrets, no NULs, 2 KiB."""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from alertrpc.delivery.channels.email import EmailMediaType
from alertrpc.delivery.channels.http import HttpMediaType
from alertrpc.delivery.masking import (
    KEPT_BYTES,
    MASK,
    READ_BYTES,
    SHORTEST_SECRET,
    kept_text,
    mask,
    one_line,
)
from alertrpc.delivery.secrets import secrets_of
from alertrpc.delivery.spellings import meanings
from alertrpc.records import MediaType


def media_type(**members: object) -> MediaType:
    """Of the kind e-mail where it has a password, else http."""
    if "password" in members:
        return EmailMediaType(name="m", smtp_server="h", smtp_email="a@h", **members)  # type: ignore[arg-type]
    return HttpMediaType(**{"name": "m", "url": "", **members})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("members", "secret"),
    [
        ({"password": "pw"}, "pw"),
        ({"username": "bob", "password": "opensesame"}, "AGJvYgBvcGVuc2VzYW1l"),
        ({"headers": {"Authorization": "Bearer abcdefgh"}}, "abcdefgh"),
        ({"headers": {"Authorization": "Basic dXNlcjpwdw=="}}, "dXNlcjpwdw=="),
        ({"headers": {"Cookie": "a=1; session=abcdefgh"}}, "abcdefgh"),
        ({"headers": {"X-API-Key": "abcdefgh"}}, "abcdefgh"),
        ({"headers": {"PRIVATE-TOKEN": "abcdefgh${sendto}ijklmnop"}}, "ijklmnop"),
        ({"url": "https://bob:opensesame@h/x"}, "opensesame"),
        ({"url": "https://h/x?a=1&access_token=abc%2Fdefgh&b=2"}, "abc/defgh"),
        ({"url": "https://h/send?key=abcdefgh"}, "abcdefgh"),
        ({"url": "https://h/services/T0/XXXXXXXXXXXXXXXXXXXXXXXX"}, "XXXXXXXXXXXXXXXXXXXXXXXX"),
        ({"url": "https://h/${a?b}/XXXXXXXXXXXXXXXXXXXXXXXX"}, "XXXXXXXXXXXXXXXXXXXXXXXX"),
        ({"proxy": "http://bob:opensesame@proxy:8080"}, "opensesame"),
        ({"url": "https://bob:open%21sesame%40home@h/x"}, "open!sesame@home"),
        ({"proxy": "http://bob:open%21sesame%40home@proxy:8080"}, "open!sesame@home"),
        ({"url": "https://bob:open%21sesame@h/x"}, "Ym9iOm9wZW4hc2VzYW1l"),
        ({"headers": {"Authorization": "Basic dXNlcjpTM2NyZXRQYXNzIQ=="}}, "user:S3cretPass!"),
        ({"headers": {"Authorization": "Basic dXNlcjpTM2NyZXRQYXNzIQ=="}}, "S3cretPass!"),
        ({"headers": {"Authorization": "basic dXNlcjpTM2NyZXRQYXNzIQ"}}, "dXNlcjpTM2NyZXRQYXNzIQ=="),
        ({"headers": {"Proxy-Authorization": "Basic dTr7_78-Pj4_"}}, "dTr7/78+Pj4/"),
        ({"headers": {"Authorization": "Basic dTpncvzfZ290dA=="}}, "grüßgott"),
        ({"username": "bob", "password": "opensesame"}, "Ym9iOm9wZW5zZXNhbWU="),
        ({"username": "bob", "password": "opensesame"}, "Ym9iOm9wZW5zZXNhbWU"),
        ({"username": "b", "password": "~~~???~~~"}, "fn5-Pz8_fn5-"),
        ({"body": '{"text": ${message_json}, "token": "abcdefgh"}'}, "abcdefgh"),
        ({"body": '{"a": [{"b": {"api_key": "abc\\u0026defgh"}}, ${x_json}]}'}, "abc&defgh"),
        ({"body": '{"a": 1, "pin_code": 12345678}'}, "12345678"),
        ({"body": '{"tokens": ["x", "abcdefgh"]}'}, "abcdefgh"),
        ({"body": '{"credentials": {"user": "u", "value": "abcdefgh"}}'}, "abcdefgh"),
        ({"body": '[{"x": "}]"}, {"secret": "pre${sendto}abcdefgh"}]'}, "abcdefgh"),
        ({"body": '{"auth": "Basic dXNlcjpTM2NyZXRQYXNzIQ=="}'}, "S3cretPass!"),
        ({"body": '{"payload": "{\\"token\\": \\"abcdefgh\\"}"}'}, "abcdefgh"),
        ({"body": "token=abcdefgh&text=${message}"}, "abcdefgh"),
        ({"body": "text=${message}&user%5Bpassword%5D=abc%26def+gh"}, "abc&def+gh"),
        ({"body": 'payload={"token": "abcdefgh"}'}, "abcdefgh"),
        ({"body": "payload=%7B%22token%22%3A%22abcdefgh%22%7D"}, "abcdefgh"),
        ({"body": "<?xml version='1.0'?><a><b:Password type='x'>abc&amp;defgh</b:Password></a>"}, "abc&defgh"),
        ({"body": "<a><token><![CDATA[abcdefgh]]></token></a>"}, "abcdefgh"),
        ({"body": "<a><x apiKey='abcdefgh'/>${message}</a>"}, "abcdefgh"),
        ({"body": "<credentials><value>abcdefgh</value></credentials>"}, "abcdefgh"),
        ({"headers": {"X-Token": "abcdefgh"}}, "YWJjZGVmZ2g="),
        ({"headers": {"X-Token": "abcdefgh"}}, "YWJjZGVmZ2g"),
        ({"headers": {"X-Token": "abcdefgh"}}, "6162636465666768"),
        ({"body": "token=o%3Epensesame"}, "6F3E70656E736573616D65"),
        ({"headers": {"Authorization": "Bearer\tabcdefgh"}}, "abcdefgh"),
        ({"headers": {"X-Forward": "Basic dXNlcjpTM2NyZXRQYXNzIQ=="}}, "S3cretPass!"),
        ({"headers": {"X-Forward": "token abcdefgh"}}, "abcdefgh"),
        ({"headers": {"X-Options": '{"apiKey": "abcdefgh"}'}}, "abcdefgh"),
        ({"url": "https://h/x?a=1;token=abcdefgh"}, "abcdefgh"),
        ({"url": "https://h/x;token=abcdefgh/y"}, "abcdefgh/y"),
        ({"url": "https://h/x#access_token=abcdefgh"}, "abcdefgh"),
        ({"body": '{"callback": "https://bob:opensesame@h/x"}'}, "opensesame"),
        ({"body": '{"callback": "https://h/x?token=abcdefgh"}'}, "abcdefgh"),
        ({"body": '{"name": "token", "value": "abcdefgh"}'}, "abcdefgh"),
        ({"body": '{"field": "pin_code", "content": "abcdefgh"}'}, "abcdefgh"),
        ({"body": '<param name="token" value="abcdefgh"/>'}, "abcdefgh"),
        ({"body": "message: ${message}\napi_token: abcdefgh\n"}, "abcdefgh"),
        ({"body": "{'text': '${message}', 'token': 'abcdefgh'}"}, "abcdefgh"),
        ({"body": 'mutation { send(token: "abcdefgh", text: "${message}") }'}, "abcdefgh"),
    ],
)
def test_secrets_are_found(members: dict[str, object], secret: str) -> None:
    secrets = secrets_of(media_type(**members))
    assert secret in secrets
    assert secret not in mask(f"before {secret} after", secrets)


NAMES = [
    "pass", "user_pass", "X-Pass", "passphrase", "pw", "pswd", "Passwort", "Kennwort", "session", "sid", "jwt", "bearer",
    "otp", "pin", "psk", "hmac", "private_id", "creds", "ticket", "assertion",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_of_secrets(name: str) -> None:
    for members in (
        {"headers": {name: "abcdefgh"}},
        {"url": f"https://h/x?{name}=abcdefgh"},
        {"body": json.dumps({"user": "u", name: "abcdefgh"})},
        {"body": f"text=${{message}}&{name}=abcdefgh"},
    ):
        assert "abcdefgh" in secrets_of(media_type(**members))


@pytest.mark.parametrize("name", ["spinning", "residence", "pwned", "psketch", "compassion", "description", "message"])
def test_names_of_no_secrets(name: str) -> None:
    assert secrets_of(media_type(body=json.dumps({name: "abcdefgh"}))) == ()


@pytest.mark.parametrize(
    "members",
    [
        {"headers": {"Content-Type": "application/json"}},
        {"headers": {"Authorization": "${alarm_id_that_is_long}"}},
        {"headers": {"X-Token": "short"}},
        {"url": "https://host.example.com/api/v1?name=abcdefgh&design=abcdefgh"},
        {"url": "https://[broken"},
        {"body": "nothing that could be told from a text"},
        {"body": "what has the code is = abcdefgh"},
        {"body": '{"text": "abcdefgh", "token": "short", "code": 12345, "key": ${alarm_id_json}}'},
        {"body": '{"token": {"a": "short"}, "text": "abcdefgh", "list": ["abcdefgh", 12345678]}'},
        {"body": "text=abcdefgh&token=short&token=${sendto_that_is_long}"},
        {"body": "<a><token>short</token><text key='short'>abcdefgh</text>abcdefgh</a>"},
        {"headers": {"Authorization": "Basic ${sendto}"}},
    ],
)
def test_other_texts_are_no_secrets(members: dict[str, object]) -> None:
    assert secrets_of(media_type(**members)) == ()


def test_the_longest_secret_goes_first() -> None:
    assert mask("abcdefgh abcdef", ("abcdef", "abcdefgh", "")) == "****** ******"


@pytest.mark.parametrize("before", [KEPT_BYTES - 4, READ_BYTES - 4])
def test_no_secret_survives_a_cut_as_a_half(before: int) -> None:
    data = b"x" * before + b"opensesame"
    assert "open" not in kept_text(data[:READ_BYTES], ("opensesame",))


def test_masks_do_not_bring_the_half_of_a_secret_within_the_cut() -> None:
    secret = "s" * 999 + "e"
    data = (secret.encode() * 100)[:READ_BYTES]
    assert "sss" not in kept_text(data, (secret,))


def test_texts_are_cut_between_characters() -> None:
    text = kept_text("é".encode() * 1500 + b"\0\xff", ())
    assert text == "é" * 1024
    assert kept_text(b"\0\xff", ()) == "\N{REPLACEMENT CHARACTER}" * 2


def test_an_error_is_one_line() -> None:
    assert one_line("a\n b\t\0\ud800 opensesame", ("opensesame",)) == "a b \N{REPLACEMENT CHARACTER}? ******"
    assert len(one_line("x" * 1000, ())) == 255


# --- spellings


def of_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def in_percents(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def in_units(text: str) -> str:
    """Every character as JSON may write it, in upper case."""
    data = text.encode("utf-16-be")
    return "".join(f"\\u{data[place : place + 2].hex().upper()}" for place in range(0, len(data), 2))


def lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), text)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "itself": str,
    "json": of_json,
    "json in ascii": lambda text: json.dumps(text)[1:-1],
    "json of go": lambda text: re.sub("[&<>]", lambda match: f"\\u{ord(match[0]):04x}", of_json(text)),
    "json of php": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "json units": in_units,
    "quote": lambda text: quote(text, safe=""),
    "quote path": quote,
    "lower quote": lambda text: lower_escapes(quote(text, safe="")),
    "quote_plus": quote_plus,
    "percents": in_percents,
    "html": html.escape,
    "html decimal": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "html hexadecimal": lambda text: "".join(f"&#x{ord(character):X};" for character in text),
    "html leading zeros": lambda text: "".join(f"&#{ord(character):07};" for character in text),
    "html apos": lambda text: html.escape(text, quote=False).replace("'", "&apos;").replace('"', "&quot;"),
}
PIECES = st.sampled_from(
    ["%26", "%2", "&amp;", "&", ";", "&#38;", "\\u0026", "\\", '"', "<", ">", "'", "+", " ", "/", "%", "25", "u0026", "é",
     "七", "\U0001f600", "amp;", "x41", "n"]
)  # fmt: skip
PRINTABLE = st.characters(exclude_categories=["C", "Zl", "Zp"])
SECRETS = (
    st.lists(PIECES | st.text(PRINTABLE, max_size=4), max_size=8)
    .map(lambda pieces: "".join(pieces).strip())
    .filter(
        lambda text: (
            "${" not in text
            and all(len(meaning.data.decode("utf-8", "replace")) >= SHORTEST_SECRET for meaning in meanings(text))
        )
    )
)


def is_in(secret: str, text: str) -> bool:
    """Whether the secret can be read in a text, as it stands or decoded."""
    forms = text, unquote(text), unquote_plus(text), html.unescape(text), html.unescape(unquote(text))
    return any(secret in form for form in forms)


@given(SECRETS, st.sampled_from(list(SPELLINGS)), st.sampled_from(list(SPELLINGS)))
@example("key&<\"'\\", "json of go", "itself")
@example("key&<\"'\\", "html", "json")
@example("key&<\"'\\", "json", "json in ascii")
@example("key/+ &x", "quote_plus", "quote_plus")
@example("\U0001f600 七é &abc", "json in ascii", "html hexadecimal")
@example("abcdef%2", "quote", "itself")
def test_no_spelling_of_a_secret_is_kept(secret: str, inner: str, outer: str) -> None:
    before, after = '{"told": "', '", "more": "5A"}'
    assume(not is_in(secret, before + MASK + after))
    spelled = SPELLINGS[outer](SPELLINGS[inner](secret))
    secrets = secrets_of(media_type(headers={"X-Token": secret}))
    kept = kept_text(f"{before}{spelled}{after}".encode(), secrets)
    assert kept.startswith(before)
    assert kept.endswith(after)
    assert MASK in kept
    assert not is_in(secret, kept)
    assert spelled not in kept


@pytest.mark.parametrize("secret", ["abc\U0001f600def&ghi klmno", "S3cret/Pass+word !klmno"])
@pytest.mark.parametrize(
    ("inner", "outer"),
    [("html leading zeros", "percents"), ("json units", "percents"), ("json units", "html decimal")],
)
def test_no_half_of_a_spelling_survives_the_end(secret: str, inner: str, outer: str) -> None:
    whole = b"|" + SPELLINGS[outer](SPELLINGS[inner](secret)).encode()
    count = READ_BYTES // len(whole) - 1
    assert count * len(f"|{MASK}") < KEPT_BYTES, "the end of the text is within what is kept"
    for cut in (*range(1, len(whole), len(whole) // 9), *range(len(whole) - 8, len(whole))):
        data = whole * count + whole[:cut]
        kept = kept_text(b"|" * (READ_BYTES - len(data)) + data, (secret,))
        assert set(kept) <= {"|", "*"}, cut


@pytest.mark.parametrize(
    "unit",
    ["%25", "%26", "%" + "25" * 30, "\\u0041", "\\ud83d\\ude00", "\\", "&amp;", "&" + "amp;" * 30, "&", "&#38;", "+", "a",
     "&#" + "0" * 100, "&#x1f600;", "%f0%9f%98%80", "\\u{", "\\ud83d", "&#9999999999;", "&nosuchname;"],
)  # fmt: skip
def test_hostile_texts_are_kept_as_they_are(unit: str) -> None:
    """64 KiB of one piece, which a search that takes the square of it would not end with."""
    text = unit * (READ_BYTES // len(unit))
    assert mask(text, ("opensesame", "user:S3cretPass!")) == text
    assert mask(f"{text} open%73esame", ("opensesame",)) == f"{text} {MASK}"


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("user:S3cretPass!", "no user:S3cretPass%21 here"),
        ("abc&def<ghi", r"abc\u0026def\u003cghi"),
        ("abc&def<ghi", "abc%26def%3cghi"),
        ("abc&def<ghi", "abc&amp;def&LT;ghi"),
        ("abc&def<ghi", "abc&#38;def&#x3C;ghi"),
        ("abc&def<ghi", r"abc\x26def\u{3c}ghi"),
        ("abc&def<ghi", "abc%u0026def%u003Cghi"),
        ("abc def/ghi", r"abc+def\/ghi"),
        ("abc+def/ghi", "abc def%2Fghi"),
        ("abc%26def", "abc&def"),
        ("abc&def", "abc%252526def"),
        ("abc&def<ghi", "abc&ampdef&ltghi"),
        ("abc&def<ghi", "abc&#38def&#000000000060;ghi"),
        ("abc&def<ghi", r"abc\46def\74ghi"),
        ("abc&def<ghi", r"abc\U00000026def\X3Cghi"),
        ("abc\u00fcdef", r"b'abc\xc3\xbcdef'"),
        ("abc!def", r"abc\!def"),
    ],
)
def test_a_spelling(secret: str, told: str) -> None:
    masked = mask(told, (secret,))
    assert MASK in masked
    assert not any(piece in masked for piece in ("abc", "def", "S3cret"))


@pytest.mark.parametrize("wrap", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("padding", ["", "="])
def test_what_a_login_becomes_is_masked(wrap: Callable[[bytes], bytes], padding: str) -> None:
    login = "bob:open~?sesame>>"
    secrets = secrets_of(media_type(headers={"Authorization": f"Basic {b64encode(login.encode()).decode()}"}))
    digits = wrap(login.encode()).decode().rstrip("=") + padding
    kept = kept_text(f"<{digits}> <{login}> <open~?sesame>>>".encode(), secrets)
    assert kept.replace("=", "") == f"<{MASK}> <{MASK}> <{MASK}>"
