"""Bodies of senders into alarms, one pure parser a sender; then events and alerts in one transaction."""
