"""The page of each get method says what the method's description says, and its example is so."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import docutils.core
import pytest
from docutils import nodes

from alertrpc.api import lax_fields
from alertrpc.api.get_fields import get_fields
from alertrpc.query.checks import Lax, Strict
from alertrpc.query.linked import Linked
from alertrpc.query.related import Related
from alertrpc.query.resource import ByDefault, Match, Matches, Resource
from alertrpc.query.resources import RESOURCES
from alertrpc.records import Caller, UserType
from tests.relations import IS_OURS
from tests.support import ROOT, Client, run_alertrpc, serving

METHODS = ROOT / "docs" / "methods"
COMMON = METHODS / "common.rst"
PAGES = {path.stem: path for path in sorted(METHODS.iterdir()) if path != COMMON}
ADMIN = Caller(1, UserType.SUPER_ADMIN)
SECTIONS = ["Who sees what", "Parameters", "Fields", "Selects", "Example", "What differs from Zabbix"]
INTERNAL = "nopermissions"
NOT_STORED = "not stored"
# What parameters take, in the words of the pages, by the names of the fields and functions that check them.
WORDS = {
    "Ids": "ids",
    "ids": "ids",
    "Id": "id",
    "Integer": "number",
    "limit": "number",
    "number": "number",
    "Integers": "numbers",
    "numbers": "numbers",
    "Boolean": "boolean",
    "Flag": "flag",
    "is_given": "given",
    "is_true": "truth",
    "Timestamp": "time",
    "String": "text",
    "text": "text",
    "Tags": "tags",
    "tags": "tags",
    "Values": "object",
    "filter_values": "object",
    "search_texts": "object",
    "Fields": "fields",
    "output": "fields",
    "selection": "fields",
    "strict_selection": "fields",
    "word_selection": "fields",
    "SortFields": "names",
    "sort_fields": "names",
    "SortOrders": "order",
    "sort_orders": "order",
}

Row = list[nodes.entry]


def parsed(text: str) -> nodes.document:
    """The document; what is wrong in its markup is raised."""
    settings = {"halt_level": 2, "report_level": 2, "syntax_highlight": "none", "file_insertion_enabled": False}
    return docutils.core.publish_doctree(text, settings_overrides=settings)


def title_of(part: nodes.Element) -> str:
    title = part.next_node(nodes.title)
    assert title
    return title.astext()


def section_of(document: nodes.document, title: str) -> nodes.section:
    (section,) = [found for found in document.findall(nodes.section) if title_of(found) == title]
    return section


def rows_of(document: nodes.document, section: str) -> dict[str, Row]:
    """The rows of a section's table by the text of their first cell, which is there once."""
    (body,) = section_of(document, section).findall(nodes.tbody)
    rows = [list(row.findall(nodes.entry)) for row in body.findall(nodes.row)]
    by_name = {row[0].astext(): row for row in rows}
    assert len(by_name) == len(rows)
    return by_name


def takes(field: object) -> str:
    if isinstance(field, lax_fields.Lax):
        return WORDS[(field.check.func if isinstance(field.check, partial) else field.check).__name__]
    return WORDS[type(field).__name__]


def expected_parameters(resource: Resource) -> dict[str, tuple[str, str]]:
    """What each parameter takes and whose it is; deprecated names are as those that they stand for."""
    expected = {}
    for name, field in get_fields(resource, ADMIN).items():
        related = resource.related.get(name)
        count = ", count" if related is not None and related.countable else ""
        expected[name] = (takes(field) + count, "ours" if name in IS_OURS else "Zabbix")
    expected.pop(INTERNAL, None)
    return expected | {old: expected[name] for old, name in deprecated_of(resource).items()}


def deprecated_of(resource: Resource) -> Mapping[str, str]:
    return {} if isinstance(resource.checks, Lax) else resource.checks.deprecated


def named(matches: Matches) -> dict[str, str]:
    """The fields of rows that are matched, and how the page tells of it."""
    return {name: "ignored" if match is Match.IGNORED else "yes" for name, match in matches.items() if is_of_row(match)}


def is_of_row(match: Match | Linked | ByDefault) -> bool:
    return isinstance(match, ByDefault) or match in (Match.COLUMN, Match.IGNORED)


def parameter_faults(document: nodes.document, resource: Resource) -> Iterator[str]:
    expected, rows = expected_parameters(resource), rows_of(document, "Parameters")
    yield from (f"parameter {name} is in one of page and code" for name in rows.keys() ^ expected.keys())
    for name in rows.keys() & expected.keys():
        _, *said, meaning = [cell.astext() for cell in rows[name]]
        if tuple(said) != expected[name]:
            yield f"parameter {name} takes and is {expected[name]}, says the code"
        if not meaning:
            yield f"parameter {name} has no meaning"
        stands_for = deprecated_of(resource).get(name)
        if stands_for and not {"deprecated", stands_for} <= set(meaning.replace(",", " ").replace(";", " ").split()):
            yield f"parameter {name} is deprecated and stands for {stands_for}"


def shown_fields(resource: Resource) -> list[str]:
    """What "extend" stands for, and what may be asked for besides."""
    return [*resource.view.extended_for(ADMIN), *resource.view.ours]


def expected_marks(resource: Resource, name: str) -> list[str]:
    """Whether a field is in a row, sortable, filterable and searchable."""
    shown = shown_fields(resource)
    row, sort = ["yes" if name in names else "no" for names in (shown, resource.sortable)]
    return [row, sort, named(resource.filters).get(name, "no"), named(resource.searches).get(name, "no")]


def field_faults(document: nodes.document, resource: Resource) -> Iterator[str]:
    rows = rows_of(document, "Fields")
    shown = shown_fields(resource)
    expected = {*shown, *resource.sortable, *named(resource.filters), *named(resource.searches)}
    yield from (f"field {name} is in one of page and code" for name in rows.keys() ^ expected)
    if [name for name in rows if name in shown] != list(shown):
        yield "fields of a row are in another order"
    for name in rows.keys() & expected:
        *marks, meaning = [cell.astext() for cell in rows[name][1:]]
        if marks != expected_marks(resource, name):
            yield f"field {name} is {expected_marks(resource, name)}, says the code"
        if not meaning:
            yield f"field {name} has no meaning"


def select_faults(document: nodes.document, resource: Resource) -> Iterator[str]:
    """A select names its fields, or the page that does; or its objects are not stored."""
    rows = rows_of(document, "Selects")
    yield from (f"select {name} is in one of page and code" for name in rows.keys() ^ resource.related.keys())
    for name in rows.keys() & resource.related.keys():
        _, member, shown = rows[name]
        related = resource.related[name]
        if member.astext() != related.member:
            yield f"select {name} gives {related.member}, says the code"
        if not isinstance(related, Related):
            if shown.astext() != NOT_STORED:
                yield f"objects of select {name} are not stored"
        elif not any(shown.findall(nodes.reference)):
            fields = {literal.astext() for literal in shown.findall(nodes.literal)}
            if fields != set(related.view.choice_for(ADMIN)):
                yield f"select {name} has other fields"


def faults(text: str, resource: Resource) -> list[str]:
    """What of the page is not so."""
    document = parsed(text)
    found = [
        *parameter_faults(document, resource),
        *field_faults(document, resource),
        *select_faults(document, resource),
    ]
    opening = document.next_node(nodes.paragraph)
    if opening is None or ("It is lax" if isinstance(resource.checks, Lax) else "It is strict") not in opening.astext():
        found.append("lax or strict")
    titles = [title_of(document), *[title_of(section) for section in document.findall(nodes.section)]]
    if titles != [f"{resource.name}.get", *SECTIONS]:
        found.append("titles")
    return sorted(found)


def test_each_method_has_a_page_and_each_page_a_method() -> None:
    assert PAGES.keys() == {f"{name}.get" for name in RESOURCES}


@pytest.mark.parametrize("resource", RESOURCES.values(), ids=[*RESOURCES])
def test_page_says_what_the_code_says(resource: Resource) -> None:
    assert faults(PAGES[f"{resource.name}.get"].read_text(), resource) == []


CHANGES = [
    (
        "``selectAttempts``          fields   ours  ",
        "``selectAttempts``          fields   Zabbix",
        "parameter selectAttempts",
    ),
    ("``selectHosts``             fields ", "``selectHost``              fields ", "parameter selectHost"),
    ("``time_from``               time ", "``time_from``               text ", "parameter time_from"),
    ("Zabbix  the alerts\n", "Zabbix\n", "parameter alertids"),
    ("``clock``          yes  yes   no      no ", "``clock``          yes  no    no      no ", "field clock"),
    ("``subject``        yes  no    no      yes", "``subject``        yes  no    yes     yes", "field subject"),
    ("``subject``        yes  no    no      yes", "``subject``        yes  no    no      no ", "field subject"),
    ("``retries``        yes", "``retries``        no ", "field retries"),
    ("``retries``        yes", "``tries``          yes", "field retries"),
    ("``mediatypes``  those", "``mediatype``   those", "select selectMediatypes"),
    ("``answer``, ``stdout``", "``stdout``", "select selectAttempts"),
    ("It is strict", "It is lax", "lax or strict"),
    ("Who sees what\n", "Who sees it  \n", "titles"),
]


@pytest.mark.parametrize(("part", "other", "fault"), CHANGES, ids=[f"{other}" for _, other, _ in CHANGES])
def test_a_page_that_is_wrong_is_found(part: str, other: str, fault: str) -> None:
    text = PAGES["alert.get"].read_text()
    assert part in text
    assert any(found.startswith(fault) for found in faults(text.replace(part, other, 1), RESOURCES["alert"]))


@pytest.mark.parametrize("row", ["``limit``", "``status``", "``selectUsers``       ``users``"])
def test_a_missing_row_is_found(row: str) -> None:
    lines = PAGES["alert.get"].read_text().splitlines(keepends=True)
    left = [line for line in lines if not line.startswith(f"{row} ")]
    assert len(left) == len(lines) - 1
    assert len(faults("".join(left), RESOURCES["alert"])) >= 1


def test_words_of_the_pages_are_explained() -> None:
    document = parsed(COMMON.read_text())
    assert {*WORDS.values(), "fields, count"} == rows_of(document, "What parameters take").keys()


def test_strict_and_lax_methods_are_told_apart() -> None:
    section = section_of(parsed(COMMON.read_text()), "Strict and lax methods")
    named = [
        [literal.astext() for literal in found.findall(nodes.literal)] for found in section.findall(nodes.paragraph)
    ]
    methods = [{name for name in names if name.removesuffix(".get") in RESOURCES} for names in named]
    told = [
        {f"{name}.get" for name, resource in RESOURCES.items() if isinstance(resource.checks, kind)}
        for kind in (Strict, Lax)
    ]
    assert methods == told


def test_pages_are_linked() -> None:
    document = parsed((ROOT / "docs" / "api.rst").read_text())
    links = {reference.get("refuri") for reference in section_of(document, "Methods").findall(nodes.reference)}
    assert {f"methods/{path.name}" for path in PAGES.values()} <= links


def linked_files(path: Path) -> list[Path]:
    links = [str(found.get("refuri", "")) for found in parsed(path.read_text()).findall(nodes.reference)]
    return [path.parent / link for link in links if "://" not in link]


@pytest.mark.parametrize("path", [*PAGES.values(), COMMON, ROOT / "docs" / "api.rst"], ids=lambda path: path.name)
def test_links_lead_to_files(path: Path) -> None:
    assert [link for link in linked_files(path) if not link.is_file()] == []


@pytest.fixture(scope="module")
def example_client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a server with the example data."""
    database = tmp_path_factory.mktemp("pages") / "example.db"
    loaded = run_alertrpc("load", str(ROOT / "examples" / "alerts.jsonl"), "--database", f"sqlite:///{database}")
    assert loaded.returncode == 0, loaded.stderr
    with serving(database) as server:
        client = Client(server.port)
        yield client
        client.close()


@pytest.mark.parametrize("name", [*PAGES])
def test_shown_request_gives_the_shown_answer(name: str, example_client: Client) -> None:
    example = section_of(parsed(PAGES[name].read_text()), "Example")
    request, answer = [json.loads(block.astext()) for block in example.findall(nodes.literal_block)]
    assert request["method"] == name
    token = example_client.login("Admin", "zabbix")
    assert example_client.request(name, request["params"], auth=token) == answer
