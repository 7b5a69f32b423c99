"""Memory of the process."""

import ctypes
import gc
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
_LARGE = 2**20  # bytes
_BETWEEN_COLLECTIONS = (20_000, 20, 20)  # new objects, and collections of younger ones


def give_back_large_blocks() -> None:
    """Makes glibc return blocks of a mebibyte and more to the system when they are freed.

    By default glibc raises that size up to 32 MiB and keeps freed memory between used blocks. Other C libraries ignore it.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


def settle() -> None:
    """Excludes the objects of the start from garbage collection: they stay, and scanning them would delay requests.

    Later objects are collected less often than by default: nearly all are freed without it, and it took a tenth of the
    time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_BETWEEN_COLLECTIONS)
