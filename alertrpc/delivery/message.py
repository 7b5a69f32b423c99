"""The message that a channel sends, and the protocol of channels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from alertrpc.delivery.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One alert. `delivery_id` is the same at every attempt; `variables` are for templates and scripts."""

    delivery_id: str
    sendto: str
    subject: str
    message: str
    variables: Mapping[str, str]


class Channel(Protocol):
    """Sends through the media types of a kind."""

    async def send(self, media_type: Any, message: Message) -> Outcome:
        """Makes one attempt within the media type's timeout. Raises nothing that a receiver or a file can cause."""
        ...
