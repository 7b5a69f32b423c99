"""docs/architecture.rst names the rooms, their order and the words as they are in the code."""

import ast
import re
from itertools import pairwise

import docutils.core
import pytest
from docutils import nodes

from tests.support import ROOT
from tests.test_architecture import FILES, imports, module_of, room, tree

TEXT = (ROOT / "docs" / "architecture.rst").read_text()
PAGE = docutils.core.publish_doctree(TEXT, settings_overrides={"report_level": 2, "halt_level": 2})


def tables(title: str) -> list[list[list[str]]]:
    """The tables of a section: the cells of each row."""
    (section,) = [part for part in PAGE.findall(nodes.section) if part.astext().startswith(f"{title}\n")]
    return [
        [[cell.astext() for cell in row.findall(nodes.entry)] for row in body.findall(nodes.row)]
        for body in section.findall(nodes.tbody)
    ]


ROOMS, GROUND = [[row[0] for row in table] for table in tables("Rooms")]
ORDER = [*ROOMS, *GROUND]
GLOSSARY = {row[0]: row for row in tables("Glossary")[0]}

IMPORTS = {
    (here, room(module))
    for path in FILES
    for module in imports(path)
    if module.startswith("alertrpc.") and (here := room(module_of(path))) != room(module)
}
CLASSES = {node.name for path in FILES for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)}
MODULES = {part for path in FILES for part in module_of(path).split(".")}
TABLES = set(re.findall(r"^CREATE TABLE (\w+)", (ROOT / "schema.sql").read_text(), re.MULTILINE))


def literals(text: str) -> list[str]:
    return re.findall(r"``([^`]+)``", text)


def test_the_page_names_every_room_once_and_no_other() -> None:
    assert sorted(ORDER) == sorted({room(module_of(path)) for path in FILES} - {"alertrpc"})


def test_the_rooms_are_in_the_order_of_their_imports() -> None:
    imported = {(here, below) for here, below in IMPORTS if {here, below} <= {*ORDER}}
    assert imported
    assert [(here, below) for here, below in sorted(imported) if ORDER.index(here) > ORDER.index(below)] == []


def streets() -> list[list[str]]:
    """The rooms of each street, in the order in which data passes them."""
    lines = re.findall(r"^ +(\w.* -> .*)$", TEXT, re.MULTILINE)
    return [[word for word in re.findall(r"\w+", line) if word in ROOMS] for line in lines]


@pytest.mark.parametrize("street", streets(), ids=" ".join)
def test_each_room_of_a_street_hands_over_to_the_next(street: list[str]) -> None:
    assert len(street) > 1
    assert [step for step in pairwise(street) if step not in IMPORTS] == []


def test_both_streets_are_shown() -> None:
    assert ["web", "rpc", "api", "query", "store"] in streets()
    assert ["web", "intake", "ledger", "store"] in streets()


@pytest.mark.parametrize("word", GLOSSARY)
def test_a_word_of_the_glossary_is_in_the_code(word: str) -> None:
    _, meaning, named = GLOSSARY[word]
    assert meaning
    assert named
    assert set(named.split(", ")) - CLASSES - MODULES - TABLES == set()


@pytest.mark.parametrize("name", sorted({name for name in literals(TEXT) if re.fullmatch(r"[\w.]+/[\w./]*", name)}))
def test_a_file_that_the_page_names_is_there(name: str) -> None:
    assert any((folder / name).exists() for folder in (ROOT, ROOT / "alertrpc" / "delivery"))


@pytest.mark.parametrize("name", sorted({name for name in literals(TEXT) if re.fullmatch(r"([A-Z][a-z]+)+", name)}))
def test_a_class_that_the_page_names_is_there(name: str) -> None:
    assert name in CLASSES


# Phrases that misled readers, each with the plain one.
PLAIN = {
    r"\b(left|leaves?|leaving) aside\b": "ignored",
    r"\bas good as none\b": "counts as absent",
    r"(?<!there )\b(is|are) none\b": "is missing, is invalid, there is none",
    r"\bno Super admins?\b": "not a Super admin",
    r"\bothers than\b": "users who are not",
    r"\bwhat (came|comes|became|becomes) of\b": "the result of",
    r"\ba time to come\b": "a time in the future",
    r"\bspoken in\b": "that speaks",
    r"\bshall (not )?be (others|the)\b": "to override",
    r"\bcomes? to (its|their) end\b": "finish",
    r"\bin every language\b": "independent of language",
    r"\bbehind an @": "prefixed with @",
    r"\bno whole answer\b": "no complete answer",
}
WRITTEN = [
    *FILES,
    *sorted((ROOT / "docs").rglob("*.rst")),
    *sorted(path for path in (ROOT / "examples").rglob("*") if path.is_file()),
    *[ROOT / name for name in ("README.rst", "CONTRIBUTING.rst", "CHANGELOG.rst", "schema.sql", "setup.cfg")],
]


@pytest.mark.parametrize("phrase", PLAIN)
def test_a_riddle_is_nowhere(phrase: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}, better {PLAIN[phrase]!r}"
        for path in WRITTEN
        for match in re.finditer(phrase, re.sub(r"[\s#]+", " ", path.read_text("utf-8")))
    ]
    assert found == []
