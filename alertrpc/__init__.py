"""alertrpc: the delivery ledger for alerts, spoken in the Zabbix API."""

__version__ = "0.1.0"
