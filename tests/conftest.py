"""Fixtures: a database of the recorded data set, made once, and servers on copies of it; and which tests run when."""

import fcntl
import gzip
import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from alertrpc.store.loading import load_file
from tests.receivers import Receiver, new_database, quick_hash, receiving
from tests.support import DATASET, Client, Server, serving

EXAMPLES = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile("quick", EXAMPLES, max_examples=100, derandomize=True)  # the same at each run
settings.register_profile("long", EXAMPLES, max_examples=3000, print_blob=True)  # others at each run
settings.load_profile("quick")

# Locked by the processes of a run. The first holds up who comes while a test waits to be alone.
TURNSTILE, RUNNING = Path(__file__), Path(__file__).with_name("support.py")


@contextmanager
def locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    with path.open("rb") as file:
        fcntl.flock(file, how)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test that is marked `alone` runs while no other does, in whatever process."""
    is_alone = item.get_closest_marker("alone") is not None
    with ExitStack() as stack:
        with locked(TURNSTILE):
            stack.enter_context(locked(RUNNING, fcntl.LOCK_EX if is_alone else fcntl.LOCK_SH))
        return (yield)


@pytest.fixture(scope="session")
def loaded_database(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A database of the data set, loaded once a run; tests that write take a copy."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent  # which the processes of a run share
    path, lock = folder / "dataset.db", folder / "dataset.lock"
    lock.touch()
    with locked(lock):
        if not path.exists():
            made = folder / "loading.db"
            with gzip.open(DATASET) as lines:
                load_file(made, lines, quick_hash)
            made.rename(path)
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
