"""How connections verify certificates: contexts of TLS, made once for each file of authorities, in threads."""

import asyncio
import ssl
from pathlib import Path

from alertrpc.errors import AlertrpcError


class UnusableCertificates(AlertrpcError):
    """A file of certificates cannot be read; the text says why."""


class Contexts:
    """Makes contexts, and keeps them until their file changes."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, bool], tuple[float, ssl.SSLContext]] = {}

    async def of(self, authorities: str, *, verify: bool) -> ssl.SSLContext:
        """The context that trusts the authorities of a file, or with "" those of the system.

        Raises UnusableCertificates.
        """
        try:
            changed = _changed(authorities) if authorities else 0.0
        except OSError as error:
            raise UnusableCertificates(f"the file {authorities} cannot be read: {error.strerror}") from None
        kept = self._kept.get((authorities, verify))
        if kept is None or kept[0] != changed:
            kept = (changed, await asyncio.to_thread(new_context, authorities, verify=verify))
            self._kept[authorities, verify] = kept
        return kept[1]


def _changed(path: str) -> float:
    return Path(path).stat().st_mtime


def new_context(authorities: str = "", *, verify: bool = True) -> ssl.SSLContext:
    """Loads certificates, which takes long. Raises UnusableCertificates."""
    try:
        context = ssl.create_default_context(cafile=authorities or None)
    except (OSError, ssl.SSLError) as error:
        raise UnusableCertificates(f"the file {authorities} has no certificates: {error.strerror or error}") from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
