"""The methods: one file for each object of Zabbix that has other methods than get, and the checks of parameters."""
