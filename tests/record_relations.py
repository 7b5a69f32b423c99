"""Asks a Zabbix 7.0 that holds the data set and more_rows.jsonl what relations.py asks, and keeps what it answers.

python -m tests.record_relations http://127.0.0.1:8070/api_jsonrpc.php
"""

import json
import sys
import urllib.request
from typing import Any

from tests.relations import MORE_ROWS, RECORDED, Question, Recorded, callers, kept, normal, questions, recorded, write
from tests.support import passwords


def main() -> None:
    url = sys.argv[1]
    more = [json.loads(line) for line in MORE_ROWS.read_text().splitlines()]
    secrets = passwords() | {row["username"]: row["password"] for row in more if row["table"] == "users"}
    tokens = {user: ask(url, "user.login", {"username": user, "password": secrets[user]}, None) for user in callers()}
    known = {json.dumps(exchange.question): exchange for exchange in recorded()} if RECORDED.exists() else {}

    def exchange(question: Question) -> Recorded:
        if found := known.get(json.dumps(question)):
            return found
        calls = {user: ask(url, f"{question.method}.get", question.params, token) for user, token in tokens.items()}
        return Recorded(question, {user: normal(kept(question, answer)) for user, answer in calls.items()})

    exchanges = [exchange(question) for question in questions()]
    write(RECORDED, exchanges)
    print(f"{len(exchanges)} questions of {len(tokens)} users, {RECORDED.stat().st_size} bytes")


def ask(url: str, method: str, params: Any, token: str | None) -> Any:
    """The result, or {"error": text}."""
    envelope = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, json.dumps(envelope).encode(), headers)
    with urllib.request.urlopen(request) as response:
        answer = json.load(response)
    return answer["result"] if "result" in answer else {"error": answer["error"]["data"]}


if __name__ == "__main__":
    main()
