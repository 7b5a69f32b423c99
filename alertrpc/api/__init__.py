"""What each method means: one file per Zabbix object, with its schema and its methods."""
