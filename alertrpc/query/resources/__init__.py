"""The get methods: each module of this package is one, described by its RESOURCE."""

from importlib import import_module
from pkgutil import iter_modules

from alertrpc.query.resource import Resource


def _described(module: str) -> Resource:
    resource: Resource = import_module(f"{__name__}.{module}").RESOURCE
    return resource


RESOURCES = {resource.name: resource for resource in map(_described, [found.name for found in iter_modules(__path__)])}
