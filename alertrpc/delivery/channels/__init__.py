"""The kinds of media types: each module of this package has one, the class KIND."""

from importlib import import_module
from pkgutil import iter_modules

from alertrpc.records import MediaType

# In reverse order, as faults of a file list them: script, http, email.
_MODULES = sorted([found.name for found in iter_modules(__path__)], reverse=True)
_FOUND: list[type[MediaType]] = [import_module(f"{__name__}.{module}").KIND for module in _MODULES]
KINDS = {kind.kind: kind for kind in _FOUND}
