"""The get methods: each module of this package describes one as its RESOURCE."""

from importlib import import_module
from pkgutil import iter_modules

from alertrpc.query.resource import Resource

_DESCRIPTIONS: list[Resource] = [import_module(f"{__name__}.{found.name}").RESOURCE for found in iter_modules(__path__)]
RESOURCES = {resource.name: resource for resource in _DESCRIPTIONS}
