"""The kinds of media types: each module of this package is one, whose KIND is the class of its media types."""

from importlib import import_module
from pkgutil import iter_modules

from alertrpc.records import MediaType

# Backwards through the alphabet, as faults of a file name them: script first, then http and email.
_MODULES = sorted([found.name for found in iter_modules(__path__)], reverse=True)
_FOUND: list[type[MediaType]] = [import_module(f"{__name__}.{module}").KIND for module in _MODULES]
KINDS = {kind.kind: kind for kind in _FOUND}
