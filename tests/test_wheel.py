"""The package as it is installed: a wheel in a virtual environment of its own, used from another folder."""

import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.support import ROOT, START_SECONDS, Client, environment

SOURCES = ["alertrpc", "schema.sql", "setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "README.rst", "LICENSE"]
OLDEST_SETUPTOOLS = 68


def ran(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def has_build_backend() -> bool:
    """Whether the wheel can be built with what is here; else pip fetches setuptools."""
    return int(version("setuptools").partition(".")[0]) >= OLDEST_SETUPTOOLS


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources, as a build leaves files beside them."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, folder)
    isolation = ["--no-build-isolation"] if has_build_backend() else []
    ran(sys.executable, "-m", "pip", "wheel", "--no-deps", *isolation, "-w", folder / "dist", ".", cwd=folder)
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `alertrpc` command of a fresh environment, which finds its dependencies where these tests do."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    ran(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    (site_packages,) = folder.glob("lib/python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = ran(python, "-c", "import alertrpc; print(alertrpc.__file__)", cwd=folder)
    assert Path(where.strip()).is_relative_to(site_packages), "not the sources of this project"
    return folder / "bin" / "alertrpc"


@contextmanager
def served(command: Path, folder: Path) -> Iterator[int]:
    """The port of a server that runs as long as the block."""
    process = subprocess.Popen(
        [command, "serve", "--port", "0"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127.0.0.1:(\d+)", process.stdout.readline())
        assert found
        yield int(found[1])
    finally:
        process.terminate()
        process.wait(START_SECONDS)
        process.kill()
        assert process.stdout is not None
        process.stdout.close()


def test_the_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
        schema = archive.read("alertrpc/schema.sql")
    sources = [path for path in (ROOT / "alertrpc").rglob("*.*") if path.suffix in (".py", ".sql")]
    assert files == {path.relative_to(ROOT).as_posix() for path in sources} | {"alertrpc/py.typed"}
    assert schema == (ROOT / "schema.sql").read_bytes()


def test_the_installed_command_serves(installed: Path, tmp_path: Path) -> None:
    output = ran(installed, "init", cwd=tmp_path)
    password = re.search(r"The password of Admin is (\S+);", output)
    assert password
    with served(installed, tmp_path) as port:
        client = Client(port)
        auth = client.login("Admin", password[1])
        assert client.request("alert.get", {}, auth=auth)["result"] == []
        client.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alertrpc.db", "alertrpc.db-delivery"]
