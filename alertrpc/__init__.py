"""alertrpc: the delivery ledger for alerts that speaks the Zabbix API."""

__version__ = "0.1.0"
