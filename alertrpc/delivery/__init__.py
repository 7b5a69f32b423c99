"""Due alerts, templates, channels, retries and escalation: how an alert gets from its row to its receiver."""
