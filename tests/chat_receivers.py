"""Five chat services as receivers: each enforces the limits that it documents, its minute scaled to a second.

The sources of limits and codes are in examples/media_types.toml.
"""

import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable

from tests.receivers import Answer, Got

MINUTE = 1.0  # seconds of a scaled minute
SECOND = MINUTE / 60
TOKEN, KEYWORD = "TOKEN", "Alarm"


class Sliding:
    """The times of what was taken within a span, or of all that came."""

    def __init__(self, most: int, span: float) -> None:
        self.most, self.span = most, span
        self._times: list[float] = []

    def has_room(self, now: float) -> bool:
        self._times = [time for time in self._times if time > now - self.span]
        return len(self._times) < self.most

    def opens(self, now: float) -> float:
        """The seconds until there is room."""
        return 0.0 if self.has_room(now) else self._times[-self.most] + self.span - now

    def add(self, now: float) -> None:
        self._times.append(now)

    def fill(self, now: float) -> None:
        self._times = [now] * self.most


class Chat:
    """A service: counts the texts that it took, and what it refused because there was too much."""

    limits: tuple[tuple[int, float], ...]  # how many at most, within how many seconds

    def __init__(self) -> None:
        self.windows = [Sliding(most, span) for most, span in self.limits]
        self.taken: Counter[str] = Counter()
        self.refused = 0
        self.wrong = 0
        self.others_came_first = False  # the first request finds that others have filled every window
        self._lock = threading.Lock()

    def __call__(self, got: Got) -> Answer:
        with self._lock:
            now = time.monotonic()
            if self.others_came_first:
                self.others_came_first = False
                for window in self.windows:
                    window.fill(now)
            return self.answer(got, now)

    def answer(self, got: Got, now: float) -> Answer:
        raise NotImplementedError

    def has_room(self, now: float) -> bool:
        return all(window.has_room(now) for window in self.windows)

    def count(self, now: float) -> None:
        for window in self.windows:
            window.add(now)

    def _take(self, text: str, answer: Answer) -> Answer:
        self.taken[text] += 1
        return answer

    def _refuse(self, answer: Answer) -> Answer:
        self.refused += 1
        return answer

    def _wrong(self, answer: Answer) -> Answer:
        self.wrong += 1
        return answer


def said(status: int = 200, /, **members: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps(members, separators=(",", ":")).encode())


class DingTalk(Chat):
    """20 in a minute; after more, none for 10 minutes. At most 20,000 bytes each. Refusals have status 200."""

    limits = ((20, MINUTE),)
    _shut_until = 0.0

    def answer(self, got: Got, now: float) -> Answer:
        if now < self._shut_until or not self.has_room(now):
            self._shut_until = max(self._shut_until, now + 10 * MINUTE if now >= self._shut_until else 0)
            return self._refuse(said(errcode=130101, errmsg="send too fast, exceed 20 times per minute"))
        self.count(now)
        text = got.json["text"]["content"]
        if not got.path.endswith(f"access_token={TOKEN}"):
            return self._wrong(said(errcode=300001, errmsg="token is not exist"))
        if len(got.body) > 20_000:
            return self._wrong(said(errcode=460101, errmsg="message too long, exceed 20000 bytes"))
        if KEYWORD not in text:
            return self._wrong(said(errcode=310000, errmsg="keywords not in content"))
        return self._take(text, said(errcode=0, errmsg="ok"))


class Feishu(Chat):
    """5 in a second and 100 in a minute, beyond that status 400; at most 20 KiB each, beyond that the same code."""

    limits = ((5, SECOND), (100, MINUTE))

    def answer(self, got: Got, now: float) -> Answer:
        if not self.has_room(now):
            return self._refuse(said(400, code=9499, msg="too many request", data={}))
        self.count(now)
        if len(got.body) > 20 * 1024:
            return self._wrong(said(400, code=9499, msg="Bad Request", data={}))
        if not got.path.endswith(TOKEN):
            return self._wrong(said(code=19001, msg="param invalid: incoming webhook access token invalid", data={}))
        text = got.json["content"]["text"]
        if KEYWORD not in text:
            return self._wrong(said(code=19024, msg="Key Words Not Found", data={}))
        return self._take(text, said(code=0, msg="success", data={}))


class WeCom(Chat):
    """20 in a minute, of at most 4096 bytes each. Refusals have status 200."""

    limits = ((20, MINUTE),)

    def answer(self, got: Got, now: float) -> Answer:
        if not self.has_room(now):
            return self._refuse(said(errcode=45009, errmsg="api freq out of limit"))
        self.count(now)
        if not got.path.endswith("key=KEY"):
            return self._wrong(said(errcode=93000, errmsg="invalid webhook url"))
        text = got.json["markdown"]["content"]
        if len(text.encode()) > 4096:
            return self._wrong(said(errcode=40058, errmsg="markdown.content exceed max length 4096"))
        return self._take(text, said(errcode=0, errmsg="ok"))


class Slack(Chat):
    """One in a second; beyond that 429 with Retry-After."""

    limits = ((1, SECOND),)

    def answer(self, got: Got, now: float) -> Answer:
        if not self.has_room(now):
            return self._refuse(Answer(429, {"Retry-After": "1"}, b"rate_limited"))
        self.count(now)
        if not got.path.endswith(TOKEN):
            return self._wrong(Answer(403, body=b"invalid_token"))
        return self._take(got.json["text"], Answer(body=b"ok"))


class Telegram(Chat):
    """30 in a second, 20 in a minute in the one chat; beyond that 429, which says how long to wait. Short bursts pass."""

    limits = ((30, SECOND), (20, MINUTE))

    def answer(self, got: Got, now: float) -> Answer:
        wait = math.ceil(max(window.opens(now) for window in self.windows))
        if wait:
            told = f"Too Many Requests: retry after {wait}"
            return self._refuse(said(429, ok=False, error_code=429, description=told, parameters={"retry_after": wait}))
        self.count(now)
        if f"bot{TOKEN}/" not in got.path:
            return self._wrong(said(401, ok=False, error_code=401, description="Unauthorized"))
        text = got.json["text"]
        if len(text) > 4096:
            return self._wrong(said(400, ok=False, error_code=400, description="Bad Request: message is too long"))
        return self._take(text, said(ok=True, result={"message_id": 1}))


CHATS: dict[str, Callable[[], Chat]] = {
    "DingTalk": DingTalk, "Feishu": Feishu, "WeCom": WeCom, "Slack": Slack, "Telegram": Telegram,
}  # fmt: skip
