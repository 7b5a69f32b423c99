"""Another client of the server: asks it the same few things all the time, and says how long each was without an answer.

It takes a JSON object of its requests on standard input, and tells its figures when that ends.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

PAUSE = 0.03  # seconds between two requests
LONGEST_WAIT = 60.0  # seconds; an answer that takes longer counts as one that took so long


def main() -> None:
    given = json.loads(sys.stdin.readline())
    stop = threading.Event()
    taken: dict[str, list[float]] = {name: [] for name in given["requests"]}
    threads = [
        threading.Thread(target=_ask, args=(given["port"], request, taken[name], stop), daemon=True)
        for name, request in given["requests"].items()
    ]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps({name: _figures(seconds) for name, seconds in taken.items()}), flush=True)


def _ask(port: int, request: Mapping[str, Any], taken: list[float], stop: threading.Event) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=LONGEST_WAIT)
    bodies = _bodies(request.get("body"))
    while not stop.is_set():
        started = time.perf_counter()
        try:
            connection.request(request["method"], request["path"], next(bodies), request.get("headers", {}))
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200 or b'"error":{' in text:
                raise HTTPException(f"{answer.status} {text[:100]!r}")
        except TimeoutError:
            connection.close()
        except (OSError, HTTPException) as error:
            print(f"{request['path']}: {error}", file=sys.stderr, flush=True)
            connection.close()
        taken.append(time.perf_counter() - started)
        stop.wait(PAUSE)


def _bodies(body: str | None) -> Iterator[str | None]:
    """The body again and again; NUMBER in it is another number each time."""
    number = 0
    while True:
        number += 1
        yield None if body is None else body.replace("NUMBER", str(number))


def _figures(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds) or [0.0]
    return {"most": ordered[-1], "p99": ordered[int(len(ordered) * 0.99)]}


if __name__ == "__main__":
    main()
