"""What a TOML file declares beside settings: media types, users' media and actions, read with all its faults at once."""
