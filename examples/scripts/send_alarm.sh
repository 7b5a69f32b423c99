#!/usr/bin/env bash
# send_alarm.py in Bash. Any exit status but 0 means failure; the error is the text on stderr.
set -euo pipefail

# shellcheck disable=SC2154  # the variables come from the environment
printf 'Alert message: %s\n' "$message"
printf '%s\n' "$message" >>./alarm_output.txt
echo "send alarm success"
