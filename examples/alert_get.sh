#!/usr/bin/env bash
# Prints the alerts of action 3, as JSON. Needs only curl.
#
#     examples/alert_get.sh [URL [USER [PASSWORD]]]
#
# ZABBIX_URL, ZABBIX_USER and ZABBIX_PASSWORD are the defaults.
set -euo pipefail

url=${1:-${ZABBIX_URL:-http://127.0.0.1:8080/api_jsonrpc.php}}
user=${2:-${ZABBIX_USER:-Admin}}
password=${3:-${ZABBIX_PASSWORD:-zabbix}}

# Every call is one POST of a JSON object. The body comes from standard input, so that `ps` shows no password.
call() {
    curl --silent --show-error --fail --header 'Content-Type: application/json-rpc' --data-binary @- "$url"
}

# A text as a JSON string, with backslashes and quotes escaped.
quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

# curl's status is 22 if the server refused the request.
hint() {
    local status=$?
    if [[ $status -ne 0 && $status -ne 22 ]]; then
        echo "alert_get.sh: no answer from $url; ZABBIX_URL or the first argument gives another address" >&2
    fi
    exit "$status"
}

# 1. Log in. The result is the session id, which the other calls send as `auth`.
answer=$(printf '{"jsonrpc": "2.0", "method": "user.login", "params": {"username": %s, "password": %s}, "id": 1}' \
    "$(quoted "$user")" "$(quoted "$password")" | call) || hint
session=$(sed -n 's/.*"result": *"\([0-9a-f]*\)".*/\1/p' <<<"$answer")
if [[ -z $session ]]; then
    echo "login failed: $answer" >&2
    exit 1
fi

# 3. Log out when the script ends, also after an error.
logout() {
    call >/dev/null <<<'{"jsonrpc": "2.0", "method": "user.logout", "params": [], "auth": "'"$session"'", "id": 3}'
}
trap logout EXIT

# 2. Ask for the alerts.
call <<<'{
    "jsonrpc": "2.0",
    "method": "alert.get",
    "params": {"output": "extend", "actionids": "3"},
    "auth": "'"$session"'",
    "id": 2
}'
echo
