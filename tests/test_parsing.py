"""JSON of strangers: what has too many values is refused before it is parsed, and nothing else."""

import gc
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.intake import parsing
from alertrpc.intake.parsing import MOST_CONTAINERS, MOST_MEMBERS, MOST_VALUES, NoJson, TooManyValues, parse_json

TEXTS = st.text(st.sampled_from('a,[]{}:"\\\u00fc\u20ac\U0001f600'), max_size=20)
JSONS: st.SearchStrategy[Any] = st.recursive(
    TEXTS | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)
FORMS = {
    "empty arrays": b"[" + b"[]," * MOST_CONTAINERS + b"1]",
    "empty objects": b"[" + b"{}," * MOST_CONTAINERS + b"1]",
    "deep arrays": b"[" + (b"[" * 900 + b"]" * 900 + b",") * (MOST_CONTAINERS // 900 + 1) + b"1]",
    "deep objects": b"[" + (b'{"a":' * 900 + b"1" + b"}" * 900 + b",") * (MOST_CONTAINERS // 900 + 1) + b"1]",
    "numbers": b"[" + b"1," * (MOST_VALUES + 1) + b"1]",
    "strings": b"[" + b'"",' * (MOST_VALUES + 1) + b'""]',
    "escaped strings": b"[" + b'"\\"",' * (MOST_VALUES + 1) + b'""]',
    "members": b"{" + b'"a":1,' * (MOST_VALUES + 1) + b'"b":1}',
    "distinct members": b"{" + b",".join([b'"%d":0' % number for number in range(MOST_MEMBERS + 1)]) + b"}",
    "spread out": b"[" + b" 1 ,\n" * (MOST_VALUES + 1) + b"1]",
    "behind a string": b'["[[[[",' + b"[]," * MOST_CONTAINERS + b"1]",
    "no end": b"[[]," * (MOST_CONTAINERS + 1),
    "quotes alone": b'"' * (4 * MOST_VALUES + 4) + b"," * (MOST_VALUES + 1),
}


def of(document: Any) -> tuple[int, int, int]:
    """The values, the containers and the members of a document."""
    if not isinstance(document, list | dict):
        return 0, 0, 0
    inner = [of(value) for value in (document.values() if isinstance(document, dict) else document)]
    values, containers, members = (sum(counts) for counts in zip(*inner, strict=True)) if inner else (0, 0, 0)
    members += len(document) if isinstance(document, dict) else 0
    return max(0, len(document) - 1) + values, 1 + containers, members


@pytest.mark.parametrize("form", FORMS)
def test_too_many_values_are_refused(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the parser sees them."""
    monkeypatch.setattr(orjson, "loads", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(TooManyValues, match=r"more than (100000|250000|1001000) "):
        parse_json(FORMS[form])


@pytest.mark.parametrize("text", ["[" * 2**20, ",{" * 2**19, '\\"[[' * 2**18, "\\\\" * 2**19, '",[' * 2**19])
def test_a_text_is_one_value(text: str) -> None:
    for document in (text, [text], {"a": text, "b": 1}, {text: text}):
        assert parse_json(json.dumps(document).encode()) == document


def test_as_many_as_there_may_be_are_taken() -> None:
    ids = [str(number) for number in range(1_000_000)]
    assert len(parse_json(orjson.dumps({"params": {"alertids": ids}, "id": 1}))["params"]["alertids"]) == len(ids)  # type: ignore[index,arg-type,call-overload]
    assert len(parse_json(b"[" + b"[]," * (MOST_CONTAINERS - 2) + b"[]]")) == MOST_CONTAINERS - 1  # type: ignore[arg-type]


@pytest.fixture
def few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("MOST_VALUES", 10),
        ("MOST_CONTAINERS", 5),
        ("MOST_MEMBERS", 4),
        ("_MOST_QUOTES", 10_000),
        ("_SLICE", 3),
    ):
        monkeypatch.setattr(parsing, name, value)


@pytest.mark.usefixtures("few_values")
@given(document=JSONS, is_ascii=st.booleans(), spaces=st.sampled_from([None, 1]))
def test_what_is_in_strings_does_not_count(document: Any, is_ascii: bool, spaces: int | None) -> None:
    """Wherever the slices are cut."""
    body = json.dumps(document, ensure_ascii=is_ascii, indent=spaces).encode()
    values, containers, members = of(document)
    if values > 10 or containers > 5 or members > 4:
        with pytest.raises(TooManyValues):
            parse_json(body)
    else:
        assert parse_json(body) == document


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":}', b"[1,]", b"\xff", b'"' * 7, b"nul"])
def test_what_is_no_json(body: bytes) -> None:
    with pytest.raises(NoJson):
        parse_json(body)
    assert gc.isenabled()
