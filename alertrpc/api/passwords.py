"""Passwords as bcrypt hashes, also Zabbix's ($2y$). bcrypt is slow: call it in another thread than the event loop's."""

import hashlib
import hmac
import secrets
from collections import OrderedDict

import bcrypt

from alertrpc.records import Clock

COST = 10  # Zabbix's, so that the check takes as long for its hashes, for ours and for unknown users
REMEMBERED = 300.0  # seconds
MOST_REMEMBERED = 1000  # users
_LONGEST = 72  # bytes that bcrypt reads; the others are ignored, as in PHP
# A hash of the same cost that is of nobody's password.
NOBODY = b"$2b$10$0xKqhWeVxC0rJZTzPHs2tOqjU2mA9cLr9uE1sYdN5JkVbQ0fGhW3K"


def hash_password(password: str) -> str:
    return bcrypt.hashpw(password.encode()[:_LONGEST], bcrypt.gensalt(COST)).decode()


def is_password(password: str, hashed: bytes) -> bool:
    """Whether `hashed` is the hash of `password`; never of an empty or invalid hash, which takes the same time.

    A password with a NUL is refused: bcrypt ends and repeats its key there, so that "a" and "a\\0a" would be the same.
    """
    try:
        return bcrypt.checkpw(password.encode()[:_LONGEST], hashed) and "\0" not in password
    except ValueError:
        bcrypt.checkpw(b"", NOBODY)
        return False


class RememberedPasswords:
    """Recently correct passwords, as hashes with a key that only this process has."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    def add(self, username: str, password: str, hashed: bytes) -> None:
        """Remembers that `password` is correct for `hashed`, the stored hash of the user."""
        self._known[username] = (self._digest(password, hashed), self._clock() + REMEMBERED)
        self._known.move_to_end(username)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def knows(self, username: str, password: str, hashed: bytes) -> bool:
        """Whether the same password was correct for the same hash within REMEMBERED seconds."""
        digest, ends = self._known.get(username, (b"", 0.0))
        return self._clock() < ends and hmac.compare_digest(digest, self._digest(password, hashed))

    def _digest(self, password: str, hashed: bytes) -> bytes:
        given = hashed + b"\0" + password.encode(errors="surrogateescape")
        return hashlib.blake2b(given, key=self._key, digest_size=32).digest()
