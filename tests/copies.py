"""Copies of the package with one more file, to show that nothing else has to know what is in it."""

import filecmp
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support import COMMAND_SECONDS, ROOT, environment

PACKAGE = ROOT / "alertrpc"


def copy_with(folder: Path, file: Path, text: str) -> Path:
    """A copy of the package in the folder, with a file that the package does not have."""
    copy = folder / "alertrpc"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "schema.sql", folder)
    assert not (copy / file).exists()
    (copy / file).write_text(text)
    return copy


def environment_of(copy: Path) -> dict[str, str]:
    """In which Python takes the copy for the package."""
    return {"PYTHONPATH": str(copy.parent), "PYTHONDONTWRITEBYTECODE": "1"}


def run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of the copy in its folder, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "alertrpc", *arguments],
        env=environment(**environment_of(copy)),
        cwd=copy.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )


def differing(one: Path, other: Path) -> set[str]:
    """The files that two folders do not share."""
    found = filecmp.dircmp(one, other, ignore=["__pycache__"])
    assert not found.funny_files
    names = {*found.left_only, *found.right_only, *found.diff_files}
    return {str(one / name) for name in names}.union(*[differing(one / name, other / name) for name in found.subdirs])
