"""What a TOML file declares beside settings: media types, users, user groups and actions, read with all faults at once."""
