"""Passwords as bcrypt hashes, those of Zabbix ($2y$) too. bcrypt takes its time: call it off the event loop."""

import hmac
import secrets
from collections import OrderedDict

import bcrypt

from alertrpc.records import Clock

COST = 10  # Zabbix's, so that a user whose hash came from there takes as long as one whose did not, or one unknown
REMEMBERED = 300.0  # seconds
MOST_REMEMBERED = 1000  # users
_LONGEST = 72  # bytes that bcrypt looks at; PHP leaves the others aside, and so do we
# A hash of the same cost that stands for nobody's password.
NOBODY = b"$2b$10$0xKqhWeVxC0rJZTzPHs2tOqjU2mA9cLr9uE1sYdN5JkVbQ0fGhW3K"


def hash_password(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:_LONGEST], bcrypt.gensalt(COST)).decode()


def is_password(password: str, hashed: bytes) -> bool:
    """Whether `password` fits; an empty or foreign hash fits none, after the same time.

    Nor does a password with a NUL: bcrypt ends and repeats its key there, so that "a" and "a\\0a" would be one.
    """
    try:
        return bcrypt.checkpw(password.encode()[:_LONGEST], hashed) and "\0" not in password
    except ValueError:
        bcrypt.checkpw(b"", NOBODY)
        return False


class RememberedPasswords:
    """Passwords that fitted a while ago, as hashes under a key that only this process has."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def add(self, username: str, password: str, hashed: bytes) -> None:
        """Remembers that `password` fits `hashed`, which is what the database has of the user."""
        self._known[username] = (self._digest(password, hashed), self._clock() + REMEMBERED)
        self._known.move_to_end(username)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def knows(self, username: str, password: str, hashed: bytes) -> bool:
        """Whether the same password fitted the same hash not long ago."""
        digest, ends = self._known.get(username, (b"", 0.0))
        return self._clock() < ends and hmac.compare_digest(digest, self._digest(password, hashed))

    def _digest(self, password: str, hashed: bytes) -> bytes:
        return hmac.digest(self._key, hashed + b"\0" + password.encode(errors="surrogateescape"), "sha256")
