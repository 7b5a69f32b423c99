"""Singular and plural."""


def counted(number: int, one: str, many: str = "") -> str:
    """`1 row`, `2 rows`; `many` is the plural if it does not end in s."""
    return f"{number} {one if number == 1 else many or one + 's'}"
