"""How the process gives memory back."""

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
_LARGE = 2**20  # bytes


def give_back_large_blocks() -> None:
    """Has glibc take blocks of a mebibyte and more from the system, and give each back when it is freed.

    By itself it raises that size with the blocks that it sees, to 32 MiB, and keeps what lies between blocks in use. Other
    C libraries do as they do.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def settle() -> None:
    """Takes what is there out of garbage collection: it stays, and looking through it would hold up everybody."""
    gc.collect()
    gc.freeze()
