#!/usr/bin/env python3
"""Pushes an alarm as the sample of OceanBase Cloud Platform (OCP) does, and prints the answer. Needs only Python.

    python examples/push_alarm.py --type ob_tenant_slow --target tenant_1 --label cluster=prod-1 --level 2

Without options it pushes the sample's alarm. OCP_URL, OCP_USER and OCP_PASSWORD set the address and the user.
"""

import argparse
import base64
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

PATH = "/api/v2/alarm/alarms"


def label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("NAME=VALUE is expected")
    return name, value


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pushes an alarm and prints the answer.")
    parser.add_argument("--url", default=os.environ.get("OCP_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--user", default=os.environ.get("OCP_USER", "Admin"))
    parser.add_argument("--password", default=os.environ.get("OCP_PASSWORD", "zabbix"))
    parser.add_argument("--type", default="your_alarm_type")
    parser.add_argument("--target", default="alarm_target")
    parser.add_argument("--label", type=label, action="append", metavar="NAME=VALUE", help="may be given many times")
    parser.add_argument("--level", type=int, help="1 (worst) to 5")
    parser.add_argument("--summary")
    parser.add_argument("--inactive", action="store_true", help="the alarm is over")
    return parser.parse_args()


def alarm(given: argparse.Namespace) -> dict[str, Any]:
    optional = {"level": given.level, "summary": given.summary, "status": "Inactive" if given.inactive else None}
    return {
        "alarmType": given.type,
        "labels": dict(given.label or [("key", "value")]),
        "target": given.target,
        **{name: value for name, value in optional.items() if value is not None},
    }


def push(given: argparse.Namespace) -> Any:
    credentials = base64.b64encode(f"{given.user}:{given.password}".encode()).decode()
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "Authorization": f"Basic {credentials}",
    }
    body = json.dumps(alarm(given)).encode()
    request = urllib.request.Request(given.url.rstrip("/") + PATH, body, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def refusal(error: urllib.error.HTTPError) -> str:
    """The status and the answer in one line."""
    with error:
        return f"{error.code} {error.reason}: {' '.join(error.read().decode(errors='replace').split())}"


def no_answer(url: str, error: Exception) -> str:
    """Why there was no answer, and how to give another address."""
    reason = str(getattr(error, "reason", error)) or type(error).__name__
    return f"no answer from {url}: {reason}; --url or OCP_URL gives another address, such as http://127.0.0.1:8081"


def main() -> int:
    """Return 0 if succeeded, 1 if failed. The error is printed to stderr."""
    given = options()
    try:
        print(json.dumps(push(given), indent=2, ensure_ascii=False))
        return 0
    except urllib.error.HTTPError as error:
        fault = refusal(error)
    except (OSError, ValueError, http.client.HTTPException) as error:
        fault = no_answer(given.url, error)
    print(f"push_alarm.py: {fault}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
