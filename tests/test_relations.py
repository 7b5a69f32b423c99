"""Every relation and id parameter of every get method, asked by each user, beside what a real Zabbix 7.0.22 answered.

Each clause of the statements is then dropped in turn: an answer must change, so that no right can be lost unseen.
"""

import re
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from alertrpc.api.get import GET_METHODS
from alertrpc.errors import ApiError
from alertrpc.query.functions import FUNCTIONS
from alertrpc.query.resources import RESOURCES
from alertrpc.query.sql import SqlValue
from alertrpc.store.connection import SqlConnection, connect, connect_reader
from alertrpc.store.loading import load_file
from tests.clauses import Clause, clauses, without
from tests.receivers import quick_hash
from tests.relations import MORE_ROWS, NOW, answer, callers, normal, questions, recorded, rows_of

ASKED = list(questions())
EXCHANGES = list(recorded())
ODD_ROWS = MORE_ROWS.with_name("odd_rows.jsonl")
# Clauses that change no answer, by method and text, and why they are there.
CHANGES_NOTHING = {
    r".*: ([01]|TRUE|FALSE)": "the condition is made of this alone",
    r".*: \(?(NULL|'') (= \?|IN \(SELECT one\.value FROM @(numbers|texts)\(\?\) one\))\)?": "the column is not kept",
    r"(host|trigger): .*\bet\.(tag|value)\b.*": "tags of hosts and triggers are not kept",
    r"alert: e\.(source|object) = [1-6]": "the alert is found by its event; an action finds those of source and object 0",
    r".*: oh\.objectid (= \?|IN \(SELECT one\.value FROM @numbers\(\?\) one\))": "those among which open ones are sought",
    r"problem: e\.value = 1": "the index of open problems asks it; the row is asked it too",
    r"proxy: .*": "there are no proxies",
}


@contextmanager
def loaded(database: Path, folder: Path, *more: Path) -> Iterator[SqlConnection]:
    """A connection to a copy of the database with the rows of more files."""
    path = Path(shutil.copy(database, folder / "alertrpc.db"))
    for file in more:
        with file.open("rb") as lines:
            load_file(path, lines, quick_hash)
    with closing(connect(path)) as writer:
        if ODD_ROWS in more:
            writer.execute("UPDATE triggers SET opdata = '{HOST.NAME}', comments = '{HOST.HOST2}'")
    with closing(connect_reader(path, 8192, 256, FUNCTIONS)) as connection:
        yield connection


@pytest.fixture(scope="module")
def connection(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlConnection]:
    """The data set, with the rows that make each condition matter."""
    with loaded(loaded_database, tmp_path_factory.mktemp("relations"), MORE_ROWS) as connection:
        yield connection


@pytest.fixture(scope="module")
def odd(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlConnection]:
    """With rows that a Zabbix cannot answer or answers otherwise, and macros, whose hosts it takes from expressions."""
    with loaded(loaded_database, tmp_path_factory.mktemp("odd"), MORE_ROWS, ODD_ROWS) as connection:
        yield connection


def test_all_that_there_is_is_recorded() -> None:
    """`python -m tests.record_relations URL` asks a Zabbix what is new."""
    assert [exchange.question for exchange in EXCHANGES] == ASKED
    assert all(exchange.answers.keys() == callers().keys() for exchange in EXCHANGES)


@pytest.mark.parametrize("method", RESOURCES)
def test_each_user_is_answered_as_by_zabbix(connection: SqlConnection, method: str) -> None:
    for question, answers in EXCHANGES:
        if question.method == method:
            for user, expected in answers.items():
                assert answer(connection, question, callers()[user]) == normal(expected), (user, question)


@pytest.mark.parametrize("method", RESOURCES)
def test_each_clause_changes_an_answer(odd: SqlConnection, method: str) -> None:
    seen: dict[str, bool] = {}
    for sql, args in statements(method):
        unseen = [clause for clause in clauses(sql) if not (seen.get(clause.text) or changes_nothing(method, clause))]
        answered = rows_of(odd, sql, args) if unseen else []
        for clause in unseen:
            seen[clause.text] = rows_of(odd, *without(clause, sql, args)) != answered
    assert seen or RESOURCES[method].table.startswith("("), "a table that is none has no clauses"
    assert [text for text, is_seen in seen.items() if not is_seen] == []


def changes_nothing(method: str, clause: Clause) -> bool:
    return any(re.fullmatch(text, f"{method}: {clause.text}", re.DOTALL) for text in CHANGES_NOTHING)


def statements(method: str) -> set[tuple[str, tuple[SqlValue, ...]]]:
    """The different statements that the questions of a method make."""
    found = set()
    for question in ASKED:
        if question.method == method:
            for caller in callers().values():
                try:
                    statement, args = GET_METHODS[method].statement(question.params, caller, NOW)
                except ApiError:
                    continue
                found.add((statement.sql, args))
    return found
