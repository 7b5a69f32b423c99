"""Prints a line for each alert, with the client PyZabbix: pip install pyzabbix

    python examples/pyzabbix_alerts.py [URL [USER [PASSWORD]]]

ZABBIX_URL, ZABBIX_USER and ZABBIX_PASSWORD are the defaults.
"""

import os
import sys

from pyzabbix.api import ZabbixAPI

DEFAULTS = {
    "ZABBIX_URL": "http://127.0.0.1:8080/api_jsonrpc.php",
    "ZABBIX_USER": "Admin",
    "ZABBIX_PASSWORD": "zabbix",
}
STATUS = {"0": "not sent", "1": "sent", "2": "failed", "3": "new"}


def main() -> None:
    given = sys.argv[1:4]
    defaults = [os.environ.get(name, default) for name, default in DEFAULTS.items()]
    url, user, password = given + defaults[len(given) :]
    api = ZabbixAPI(url)
    api.login(user, password)
    try:  # not `with`: PyZabbix's block hides errors of the API
        alerts = api.alert.get(output=["alertid", "status", "sendto", "subject", "error"], sortfield="alertid")
        for alert in alerts:
            print(
                alert["alertid"], STATUS[alert["status"]], alert["sendto"], alert["subject"], alert["error"], sep="\t"
            )
    finally:
        api.user.logout()


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # no answer
        sys.exit(f"pyzabbix_alerts.py: {error}; ZABBIX_URL or the first argument gives another address")
