"""JSON-RPC 2.0 in Zabbix's shape: envelope, batch, the credential of each call, errors. Knows jsonrpcserver."""
