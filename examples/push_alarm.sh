#!/usr/bin/env bash
# Pushes an alarm as the sample of OceanBase Cloud Platform (OCP) does, and prints the answer, as JSON. Needs only curl 7.76.
#
#     examples/push_alarm.sh [URL [USER [PASSWORD]]]
#
# OCP_URL, OCP_USER and OCP_PASSWORD are the defaults.
set -euo pipefail

url=${1:-${OCP_URL:-http://127.0.0.1:8080}}
user=${2:-${OCP_USER:-Admin}}
password=${3:-${OCP_PASSWORD:-zabbix}}

# A text in quotes for curl's configuration, with backslashes and quotes escaped.
quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# curl's status is 22 if the server refused the request.
hint() {
    local status=$?
    if [[ $status -ne 0 && $status -ne 22 ]]; then
        echo "push_alarm.sh: no answer from $url; OCP_URL or the first argument gives another address" >&2
    fi
}
trap hint EXIT

# The password is in a configuration on standard input, so that `ps` does not show it.
curl --silent --show-error --fail-with-body --config - \
    --header 'Content-Type: application/json' \
    --header 'Accept: application/json' \
    --data '{"alarmType": "your_alarm_type", "labels": {"key": "value"}, "target": "alarm_target"}' \
    "${url%/}/api/v2/alarm/alarms" <<<"user = $(quoted "$user:$password")"
echo
