"""Fixtures: a database of the recorded data set, made once, and servers on copies of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.receivers import Receiver, new_database, receiving
from tests.support import DATASET, Client, Server, run_alertrpc, serving


@pytest.fixture(scope="session")
def loaded_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database made of the data set by `alertrpc load`; tests that write take a copy."""
    path = tmp_path_factory.mktemp("database") / "dataset.db"
    done = run_alertrpc("load", str(DATASET), "--database", f"sqlite:///{path}")
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture
def database(loaded_database: Path, tmp_path: Path) -> Path:
    """A copy of the loaded database."""
    return Path(shutil.copy(loaded_database, tmp_path / "alertrpc.db"))


@pytest.fixture(scope="session")
def shared_server(loaded_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for tests that only read; logins are all it writes."""
    path = Path(shutil.copy(loaded_database, tmp_path_factory.mktemp("shared") / "alertrpc.db"))
    with serving(path) as server:
        yield server


@pytest.fixture
def client(shared_server: Server) -> Iterator[Client]:
    client = Client(shared_server.port)
    yield client
    client.close()


@pytest.fixture
def server(database: Path) -> Iterator[Server]:
    """A server of the test's own."""
    with serving(database) as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A new database with Admin alone."""
    return new_database(tmp_path / "alertrpc.db")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found
