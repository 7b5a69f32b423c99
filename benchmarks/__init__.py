"""Measures alertrpc beside bare libraries, in one run: `make bench`."""
