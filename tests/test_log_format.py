"""The log's two formats: text with zone and process, and JSON, one object a line whatever is in it."""

import json
import logging
import os
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from alertrpc.loglines import FORMATS, LONGEST_LINE, FewLines
from tests.raw import MALFORMED, send
from tests.support import serving
from tests.wire import eventually

ODD = "a\nb\r\u2028\x85\0\x1b[31m\udcff ü 🎉 100%s"
SOUND = ODD.replace("\udcff", "\\udcff")
FIRST = ["time", "level", "pid", "logger", "message"]


def record(message: str = "a line", exc_info: Any = None, **about: Any) -> logging.LogRecord:
    return logging.getLogger("alertrpc.x").makeRecord(
        "alertrpc.x", logging.WARNING, "", 0, "%s", (message,), exc_info, extra=about
    )


def as_json(written: logging.LogRecord) -> dict[str, Any]:
    line = FORMATS["json"]().format(written)
    assert line.isascii()
    assert line.isprintable()
    found: dict[str, Any] = json.loads(line)
    return found


def test_an_object_has_what_the_line_is_about() -> None:
    written = record(user="Admin", status=400, nothing=None, odd=ODD, where=Path("/a"))
    told = as_json(written)
    assert list(told) == [*FIRST, "user", "status", "nothing", "odd", "where"]
    moment = datetime.fromisoformat(told.pop("time"))
    assert moment.tzinfo is not None
    assert moment.timestamp() == pytest.approx(written.created, abs=0.001)
    assert told == {
        "level": "WARNING",
        "pid": os.getpid(),
        "logger": "alertrpc.x",
        "message": "a line",
        "user": "Admin",
        "status": 400,
        "nothing": None,
        "odd": SOUND,
        "where": "/a",
    }


def test_no_text_breaks_an_object() -> None:
    assert as_json(record(ODD))["message"] == SOUND


def test_what_a_line_is_about_replaces_none_of_its_own_members() -> None:
    assert as_json(record(time="x", level="x", pid=0, logger="x"))["level"] == "WARNING"


def test_an_exception_is_a_member() -> None:
    try:
        raise ValueError(ODD)
    except ValueError:
        told = as_json(record("failed", sys.exc_info()))
    assert list(told) == [*FIRST, "exception"]
    assert told["exception"].startswith("Traceback (most recent call last):\n")
    assert told["exception"].endswith(f"ValueError: {SOUND}")


def test_what_strangers_cause_is_cut_in_members_too() -> None:
    written = record("x", user="a" * 10_000, status=1)
    assert FewLines().filter(written)
    told = as_json(written)
    assert len(told["user"]) <= LONGEST_LINE
    assert told["status"] == 1


def test_text_has_zone_and_process() -> None:
    line = FORMATS["text"]().format(record("a\nb"))
    pattern = rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}[+-]\d\d:\d\d {os.getpid()} WARNING alertrpc\.x: a\\nb"
    assert re.fullmatch(pattern, line)


def test_a_server_writes_objects(database: Path) -> None:
    with serving(database, "--log-format", "json") as server:
        send(server.port, MALFORMED["length"])
        assert eventually(lambda: "alertrpc.strangers" in server.log.read_text())
        assert server.stop() == 0
        pid = server.process.pid
    told = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["pid"] for line in told} == {pid}
    assert [line["message"] for line in told if line["level"] != "INFO"]
    assert told[-1]["message"] == "stopped"
