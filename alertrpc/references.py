"""References of media types to what stands elsewhere: `${env:NAME}`, a variable of the environment, and `${file:PATH}`.

They are read when a message is sent, and never stored.
"""

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from alertrpc.errors import AlertrpcError

LARGEST_REFERENCE = 64 * 1024  # bytes of a file
ENV, FILE = "env:", "file:"
_REFERENCE = re.compile(r"\$\{((?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}|\0]+))((?:\|[^{}]*)?)\}")
_NAME = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}|\0]+")


class MissingReference(AlertrpcError):
    """What a reference names is not there or cannot be used; the text says why, without the value."""


def is_reference(name: str) -> bool:
    """Whether a name of a template is that of a reference."""
    return _NAME.fullmatch(name) is not None


def references_in(text: str) -> list[str]:
    """The references of a text in order, such as `env:TOKEN`."""
    return [reference.removesuffix("_json") for reference, _ in _REFERENCE.findall(text)]


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with the values of its references; it is no template, so that filters have no effect."""
    return _REFERENCE.sub(lambda found: values[found[1].removesuffix("_json")], text)


def absolute(text: str, folder: Path) -> str:
    """The text with absolute paths in its references: relative ones start at the folder."""

    def with_path(found: re.Match[str]) -> str:
        name = found[1]
        return f"${{{FILE}{folder / name.removeprefix(FILE)}{found[2]}}}" if name.startswith(FILE) else found[0]

    return _REFERENCE.sub(with_path, text)


def read_reference(reference: str, environment: Mapping[str, str] = os.environ) -> str:
    """The value of a reference. Raises MissingReference."""
    if reference.startswith(ENV):
        return _of_environment(reference.removeprefix(ENV), environment)
    return _of_file(reference.removeprefix(FILE))


def _of_environment(name: str, environment: Mapping[str, str]) -> str:
    if (value := environment.get(name)) is None:
        raise MissingReference(f"the environment has no variable {name}")
    return _checked(value, f"the variable {name} of the environment")


def _of_file(path: str) -> str:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise MissingReference(f"the file {path} cannot be read: {error.strerror}") from None
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise MissingReference(f"the file {path} is no regular file")
        data = os.read(file, LARGEST_REFERENCE + 1)
    finally:
        os.close(file)
    if len(data) > LARGEST_REFERENCE:
        raise MissingReference(f"the file {path} has more than {LARGEST_REFERENCE // 1024} KiB")
    text = data.decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
    return _checked(text, f"the file {path}")


def _checked(value: str, named: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise MissingReference(f"{named} is not in UTF-8") from None
    if not value or "\0" in value:
        raise MissingReference(f"{named} {'is empty' if not value else 'has a NUL'}")
    return value


def is_readable_by_all(reference: str) -> bool:
    """Whether everybody on the machine may read the file of a reference."""
    try:
        return reference.startswith(FILE) and bool(Path(reference.removeprefix(FILE)).stat().st_mode & stat.S_IROTH)
    except OSError:
        return False
