"""Scripts of channels: which files are usable, what they are given, and how they run and end."""
