"""Memory of the process."""

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
_LARGE = 2**20  # bytes
_NEW_OBJECTS = (
    10_000  # between two looks for garbage; Python's 700 would look through the alarms of one transaction many times
)


def give_back_large_blocks() -> None:
    """Makes glibc return blocks of a mebibyte and more to the system when they are freed.

    By default glibc raises that size up to 32 MiB and keeps freed memory between used blocks. Other C libraries ignore it.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def settle() -> None:
    """Excludes the objects of the start from garbage collection: they stay, and scanning them would delay requests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
