"""The filters of templates, `${name|filter}`: what they do to a value. The list is closed.

Sources: Telegram's MarkdownV2 (https://core.telegram.org/bots/api#markdownv2-style) and Slack's "Formatting text for app
surfaces" (https://docs.slack.dev/messaging/formatting-message-text/).
"""

import html
import re
from collections.abc import Callable, Mapping
from functools import partial
from urllib.parse import quote

import orjson

LONGEST_CUT = 65_535  # characters
JSON, URL = "json", "url"

_MARKDOWN = re.compile(r"([\\_*\[\]()~`>#+\-=|{}.!])")
_OF_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_CUT = re.compile(r"cut:([0-9]{1,5})")


def as_json(text: str) -> str:
    """The text as a JSON string with its quotes."""
    return orjson.dumps(text).decode()


FILTERS: Mapping[str, Callable[[str], str]] = {
    "html": partial(html.escape, quote=True),
    "markdown": lambda text: _MARKDOWN.sub(r"\\\1", text),
    "slack": lambda text: text.translate(_OF_SLACK),
    JSON: as_json,
    URL: partial(quote, safe=""),
}


def cut(most: int, text: str) -> str:
    """At most so many characters; the last is an ellipsis if there are more."""
    return text if len(text) <= most else text[: most - 1] + "…"


def filter_of(written: str) -> Callable[[str], str] | None:
    """The filter of a name such as `html` or `cut:200`; None if there is no such filter."""
    if found := _CUT.fullmatch(written):
        most = int(found[1])
        return partial(cut, most) if 1 <= most <= LONGEST_CUT else None
    return FILTERS.get(written)
