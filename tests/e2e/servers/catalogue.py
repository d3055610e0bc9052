"""All servers of the suite by name, in the order in which they are installed: the longest first."""

from collections.abc import Callable
from importlib import import_module

from tests.e2e.servers.base import LocalServer

_CLASSES = {
    "bluesky": "tests.e2e.servers.bluesky:Bluesky",
    "rt": "tests.e2e.servers.rt:RequestTracker",
    "synapse": "tests.e2e.servers.synapse:Synapse",
    "tryton": "tests.e2e.servers.tryton:Tryton",
    "django_helpdesk": "tests.e2e.servers.django_helpdesk:DjangoHelpdesk",
    "dynamodb": "tests.e2e.servers.dynamodb_local:DynamoDbLocal",
    "moto": "tests.e2e.servers.moto_server:MotoServer",
}
NAMES = tuple(_CLASSES)


def server_class(name: str) -> Callable[..., LocalServer]:
    """The class of a server; ``KeyError`` for a name that is not in ``NAMES``."""
    module, _, attribute = _CLASSES[name].partition(":")
    return getattr(import_module(module), attribute)
