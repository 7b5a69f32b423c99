"""What of a receiver's texts is kept: no secrets, no NULs, 2 KiB."""

import pytest

from alertrpc.delivery.masking import KEPT_BYTES, READ_BYTES, kept_text, mask, one_line, secrets_of
from alertrpc.records import Kind, MediaType


def media_type(**members: object) -> MediaType:
    return MediaType(name="m", kind=Kind.HTTP, **members)  # type: ignore[arg-type]


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
    ],
)
def test_secrets_are_found(members: dict[str, object], secret: str) -> None:
    secrets = secrets_of(media_type(**members))
    assert secret in secrets
    assert secret not in mask(f"before {secret} after", secrets)


@pytest.mark.parametrize(
    "members",
    [
        {"headers": {"Content-Type": "application/json"}},
        {"headers": {"Authorization": "${alarm_id_that_is_long}"}},
        {"headers": {"X-Token": "short"}},
        {"url": "https://host.example.com/api/v1?name=abcdefgh&design=abcdefgh"},
        {"url": "https://[broken"},
        {"body": "nothing that could be told from a text"},
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
