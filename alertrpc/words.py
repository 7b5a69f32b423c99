"""Words that depend on a number."""


def counted(number: int, one: str, many: str = "") -> str:
    """The number and what it counts: `1 row`, `2 rows`; `many` is the plural where an s does not make it."""
    return f"{number} {one if number == 1 else many or one + 's'}"
