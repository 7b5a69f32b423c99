"""Passwords as bcrypt hashes, those of Zabbix ($2y$) too. bcrypt takes its time: call it off the event loop."""

import bcrypt

COST = 10  # Zabbix's, so that a user whose hash came from there takes as long as one whose did not, or one unknown
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
