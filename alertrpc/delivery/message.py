"""What a channel is given to send."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from alertrpc.delivery.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One alert. `delivery_id` is the same at every try; `variables` are the texts that templates and scripts see."""

    delivery_id: str
    sendto: str
    subject: str
    message: str
    variables: Mapping[str, str]


class Channel(Protocol):
    """What sends through the media types of a kind."""

    async def send(self, media_type: Any, message: Message) -> Outcome:
        """Tries once to send, within the media type's timeout; raises nothing that a receiver or a file can cause."""
        ...
