"""Prints a line for each alert, with Zabbix's own Python client: pip install zabbix-utils

    python examples/zabbix_utils_alerts.py [URL [USER [PASSWORD]]]

ZABBIX_URL, ZABBIX_USER and ZABBIX_PASSWORD are the defaults.
"""

import os
import sys

from zabbix_utils import ProcessingError, ZabbixAPI

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
    # The client logs in at the start of the block and logs out at its end.
    with ZabbixAPI(url, user=user, password=password) as api:
        alerts = api.alert.get(output=["alertid", "status", "sendto", "subject", "error"], sortfield="alertid")
        for alert in alerts:
            print(
                alert["alertid"], STATUS[alert["status"]], alert["sendto"], alert["subject"], alert["error"], sep="\t"
            )


if __name__ == "__main__":
    try:
        main()
    except ProcessingError as error:  # no answer
        sys.exit(f"zabbix_utils_alerts.py: {error}; ZABBIX_URL or the first argument gives another address")
