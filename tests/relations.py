"""What every get method is asked of each user, worked out from the descriptions of the methods, and how it is answered.

The questions walk all relations and parameters that there are, so that a new one is asked without a word here.
"""

import gzip
import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from alertrpc.api.choice_fields import choice_of
from alertrpc.api.get import GET_METHODS
from alertrpc.errors import ApiError
from alertrpc.query.parameters import Given, Names, Parameter
from alertrpc.query.related import NotKept, Related
from alertrpc.query.resource import Resource
from alertrpc.query.resources import RESOURCES
from alertrpc.records import Caller, UserType
from alertrpc.store.connection import SqlConnection
from tests.support import DATA, DATASET, json_lines

MORE_ROWS = DATA / "more_rows.jsonl"  # which make each condition matter
RECORDED = DATA / "relations.jsonl.gz"
NOW = 2_000_000_000  # seconds; nothing of the data is recent
NOT_LET_IN = {"guest", "disabled"}
# Ids of the data that the id parameters are asked with; of all others those of Zabbix's own defaults.
IDS = {
    "actionids": [30041, 30047, 30049],
    "alertids": [300004, 300005, *range(309001, 309013)],
    "eventids": [309103, 300027, *range(309101, 309114)],
    "groupids": [30021, 30023],
    "hostids": [30100, 30104, 30190, 30191, 30192, 30193],
    "itemids": [30200, 30301],
    "mediaids": [30051, 30090, 30091],
    "mediatypeids": [30031, 30034],
    "objectids": [30200, 30201, 30202, 30212, 30292],
    "templateids": [30190, 30100],
    "triggerids": [30290, 30212, 30202],
    "userids": [1, 30011, 30012, 30018],
    "usrgrpids": [7, 30001, 30003],
}
# Of what there is much, so much is asked for.
AMONG = {"alert": {"alertids": IDS["alertids"]}, "event": {"eventids": IDS["eventids"]}}
# The objects of events: triggers, items, discovery rules; with the sources that have such events.
OF_EVENTS: Sequence[dict[str, int]] = (
    {"source": 0, "object": 0},
    {"source": 3, "object": 0},
    {"source": 3, "object": 4},
    {"source": 3, "object": 5},
    {"source": 1, "object": 1},
    {"source": 4, "object": 6},
)
KINDS = {
    "alert": [{f"event{name}": value for name, value in kind.items()} for kind in OF_EVENTS],
    "event": OF_EVENTS,
    "problem": [kind for kind in OF_EVENTS if kind["source"] != 1],
}
IS_OURS = {"selectAttempts", "selectResendOf"}
# What is not kept here is empty, though a Zabbix that holds the data has some of it.
NOT_KEPT = {"selectDiscoveries", "selectFunctions", "selectGraphs", "selectItems", "with_graphs"}
OF_TRIGGERS_ALONE = {"selectRelatedObject"}


class Question(NamedTuple):
    """A call of a get method, without who makes it."""

    method: str
    params: dict[str, Any]


def questions() -> Iterator[Question]:
    for resource in RESOURCES.values():
        for kind in KINDS.get(resource.name, [{}]):
            yield from [Question(resource.name, {**kind, **params}) for params in _of_rows(resource)]
            yield from [Question(resource.name, {**kind, **params}) for params in _of_parameters(resource)]
            yield from [Question(resource.name, {**kind, **params}) for params in _of_relations(resource)]


def _of_rows(resource: Resource) -> Iterator[dict[str, Any]]:
    """All rows, those that may be written, and those found by each id parameter."""
    shown = {"output": [resource.key], "sortfield": resource.key}
    for editable in (False, True):
        among = AMONG.get(resource.name, {})
        yield {**shown, **among, "editable": editable}
        yield {"countOutput": True, "editable": editable}
        for name in resource.ids:
            ids = IDS.get(name, [1])
            yield {**shown, name: ids[0], "editable": editable}
            yield {**shown, name: ids, "editable": editable}
    yield {"output": "extend", **AMONG.get(resource.name, {}), "sortfield": resource.key}
    for column in _shown_when_sorted(resource)[:1]:  # shown where Zabbix joins tables, as ids and parameters have it do
        yield {"output": [resource.key], "sortfield": column}
        for name in resource.ids:
            yield {"output": [resource.key], "sortfield": column, name: IDS.get(name, [1])[:1]}


def _shown_when_sorted(resource: Resource) -> Names:
    return resource.distinct.shows if resource.distinct else ()


def _of_parameters(resource: Resource) -> Iterator[dict[str, Any]]:
    """Each parameter of the method's own, with values of its kind."""
    for name, parameter in resource.parameters.items():
        if name in _OF_KIND or name in NOT_KEPT:
            continue
        for value in _values(parameter):
            for column in dict.fromkeys([resource.key, *_shown_when_sorted(resource)[:1]]):
                yield {"output": [resource.key], "sortfield": column, name: value}


def _values(parameter: Parameter) -> Sequence[Any]:
    if parameter.given in (Given.NUMBER, Given.NUMBERS):
        allowed = [*(parameter.allowed or (2, 4))]
        return [allowed[0], allowed[-1]] if parameter.given is Given.NUMBER else [allowed[:1], allowed[1:]]
    return _OF_GIVEN[parameter.given]


_OF_KIND = {"source", "object", "eventsource", "eventobject"}
_OF_GIVEN: dict[Given, Sequence[Any]] = {
    Given.ANYTHING: [True],
    Given.TRUTH: [True, False],
    Given.BOOLEAN: [True, False],
    Given.TIME: [1362130000, 1362140005],
    Given.TEXT: ["host-3-00", "Linux servers 3"],
    Given.ID: [309104],
    Given.IDS: [[30011, 30018]],
    Given.TAGS: [[{"tag": "scope", "value": "avail"}, {"tag": "scope", "value": "item", "operator": 1}]],
}


def _of_relations(resource: Resource) -> Iterator[dict[str, Any]]:
    shown = {"output": [resource.key], **AMONG.get(resource.name, {}), "sortfield": resource.key}
    for name, related in resource.related.items():
        if name in IS_OURS:
            continue
        yield {**shown, name: "extend"}
        yield {**shown, name: "extend", "editable": True}
        if names := _some_fields(related):
            yield {**shown, name: names}
        if related.countable:
            yield {**shown, name: "count"}


def _some_fields(related: Related | NotKept) -> list[str]:
    return list(choice_of(related.choice_for(Caller(0, UserType.USER)), {})[:2])


# --- who asks


@cache
def callers() -> dict[str, Caller]:
    """The users who are let in, by their names."""
    rows = [*json_lines(DATASET), *[json.loads(line) for line in MORE_ROWS.read_text().splitlines()]]
    types = {row["roleid"]: row["type"] for row in rows if row["table"] == "role"}
    users = [row for row in rows if row["table"] == "users" and row["username"] not in NOT_LET_IN]
    return {row["username"]: Caller(int(row["userid"]), UserType(int(types[row["roleid"]]))) for row in users}


# --- what is answered


def answer(connection: SqlConnection, question: Question, caller: Caller, now: int = NOW) -> Any:
    """What the recording has: rows in whatever order, a number as text, or {"error": text}."""
    try:
        statement, args = GET_METHODS[question.method].statement(question.params, caller, now)
    except ApiError as error:
        return {"error": error.data}
    rows = rows_of(connection, statement.sql, args)
    if statement.fault is not None and rows:
        return {"error": statement.fault.data}
    return rows[0] if rows and question.params.get("countOutput") else rows


def rows_of(connection: SqlConnection, sql: str, args: Sequence[Any]) -> list[Any]:
    found: list[Any] = normal([json.loads(row) for (row,) in connection.execute(sql, args)])
    return found


def normal(value: Any) -> Any:
    if isinstance(value, list):
        return sorted(map(normal, value), key=lambda element: json.dumps(element, sort_keys=True))
    if isinstance(value, dict):
        return {name: normal(element) for name, element in value.items()}
    return value


def kept(question: Question, answer: Any) -> Any:
    """The answer without what is not kept here."""
    if not isinstance(answer, list):
        return answer
    names = [name for name in question.params if name in NOT_KEPT]
    if question.params.get("object", 0) != 0:
        names += [name for name in question.params if name in OF_TRIGGERS_ALONE]
    for name in names:
        member = RESOURCES[question.method].related[name].member
        answer = [{**row, member: "0" if question.params[name] == "count" else []} for row in answer]
    return answer


# --- the recording: each question once, with the answers by user


class Recorded(NamedTuple):
    question: Question
    answers: dict[str, Any]  # by user: rows, a number as text, or {"error": text}


def recorded(path: Path = RECORDED) -> Iterator[Recorded]:
    """Answers that are the same stand once in the file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            found = json.loads(line)
            answers = {user: found["answers"][index] for user, index in found["users"].items()}
            yield Recorded(Question(found["method"], found["params"]), answers)


def write(path: Path, exchanges: Sequence[Recorded]) -> None:
    lines = []
    for (method, params), answers in exchanges:
        distinct = list(dict.fromkeys([json.dumps(one, sort_keys=True) for one in answers.values()]))
        users = {user: distinct.index(json.dumps(one, sort_keys=True)) for user, one in answers.items()}
        line = {"method": method, "params": params, "users": users, "answers": [json.loads(one) for one in distinct]}
        lines.append(json.dumps(line, ensure_ascii=False) + "\n")
    path.write_bytes(gzip.compress("".join(lines).encode(), mtime=0))
