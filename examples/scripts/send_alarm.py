#!/usr/bin/env python3
# The sample of a channel script of OceanBase Cloud Platform (OCP). The first line must be a shebang of Python or Bash.

import os
import sys


def send_alarm() -> None:
    message = os.environ["message"]  # noqa: SIM112 -- OCP's variables are in lower case
    print(f"Alert message: {message}")
    with open("./alarm_output.txt", "a", encoding="utf-8") as file_object:
        file_object.write(f"{message}\n")


def main() -> int:
    """
    Return 0 if succeeded.
    Return a non-zero value if failed. The error is printed to stderr.
    """
    try:
        send_alarm()
        print("send alarm success")
        return 0
    except Exception as e:
        sys.stderr.write(str(e))
        return 1


if __name__ == "__main__":
    sys.exit(main())
