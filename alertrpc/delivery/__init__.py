"""Due alerts, lanes, channels, tries and their record: how an alert gets from its row to its receiver."""
