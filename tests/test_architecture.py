"""The rooms of the package: who may import whom, and what each keeps to itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, WARNINGS, environment

PACKAGE = ROOT / "alertrpc"
FILES = sorted(PACKAGE.rglob("*.py"))
# From the top down: a room imports those below it, itself, and the shared ground.
ROOMS = [
    "cli",
    "people",
    "server",
    "app",
    "web",
    "rpc",
    "ocp",
    "api",
    "intake",
    "delivery",
    "configuration",
    "ledger",
    "query",
    "store",
]
GROUND: dict[str, set[str]] = {
    "dialect": set(),
    "errors": set(),
    "loglines": {"words"},
    "memory": set(),
    "networks": set(),
    "reloading": {"errors", "loglines", "settings"},
    "records": {"values"},
    "references": {"errors"},
    "values": set(),
    "words": set(),
    "folders": set(),
    "documents": {"errors", "folders", "loglines"},
    "settings": {"documents", "errors", "loglines", "networks", "values"},
}
# Which files may import a library, by the start of their names.
LIBRARIES = {
    "aiohttp": ("web/", "app.py", "server.py", "delivery/channels/"),
    "aiosmtplib": ("delivery/channels/email/",),
    "regex": ("delivery/expect.py",),
    "subprocess": ("delivery/scripts/process.py",),
    "jsonrpcserver": ("rpc/",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "sqlite3": ("store/", "cli/", "web/health.py"),
    "aiosqlite": ("store/",),
    "bcrypt": ("api/passwords.py",),
    "marshmallow": ("api/", "configuration/"),
    "uvloop": ("server.py",),
}
SQL_ROOMS = ("query/", "store/", "dialect.py")
SQL_STARTS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "DROP ", "ALTER ", "PRAGMA ")
IMPORT_ALONE = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    for module in [module for module in sys.modules if module.partition(".")[0] == "alertrpc"]:
        del sys.modules[module]
print(len(sys.argv) - 1)
"""


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def room(module: str) -> str:
    """The room of a module of the package: `alertrpc.store.schema` is in `store`."""
    parts = module.split(".")
    name = parts[1] if len(parts) > 1 else "alertrpc"
    return "cli" if name == "__main__" else name


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, each of `from alertrpc.store import users` by its own name."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            yield node.module
            if node.module == "alertrpc":
                yield from (f"alertrpc.{alias.name}" for alias in node.names)


def texts(path: Path) -> Iterator[str]:
    """The string constants of a file, the first piece of each f-string too."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_rooms_are_all() -> None:
    found = {room(module_of(path)) for path in FILES}
    assert found == {"alertrpc", *ROOMS, *GROUND}


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_go_down(path: Path) -> None:
    here = room(module_of(path))
    below = set(ROOMS[ROOMS.index(here) :]) | set(GROUND) if here in ROOMS else GROUND.get(here, set()) | {here}
    imported = {room(module) for module in imports(path) if module.partition(".")[0] == "alertrpc"}
    assert imported - {"alertrpc", "__version__"} <= below


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_library_stays_in_its_room(library: str) -> None:
    users = [named(path) for path in FILES if library in {module.partition(".")[0] for module in imports(path)}]
    assert users
    assert [user for user in users if not user.startswith(LIBRARIES[library])] == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_sql_stays_with_the_database(path: Path) -> None:
    sql = [text for text in texts(path) if text.lstrip().startswith(SQL_STARTS)]
    assert named(path).startswith(SQL_ROOMS) or sql == []


@pytest.mark.parametrize("path", FILES, ids=named)
def test_the_codes_of_errors_have_names(path: Path) -> None:
    codes = [
        node.value
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and 32000 <= node.value <= 32768
    ]
    assert named(path) == "errors.py" or codes == []


def test_each_module_imports_alone() -> None:
    modules = [module_of(path) for path in FILES if path.name != "__main__.py"]
    done = subprocess.run(
        [sys.executable, *WARNINGS, "-c", IMPORT_ALONE, *modules],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert int(done.stdout) == len(modules)


def test_settings_import_no_library() -> None:
    code = "import sys, alertrpc.settings; print(sorted({'aiohttp', 'click', 'sqlite3'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, *WARNINGS, "-c", code], env=environment(), capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")
