"""Case-insensitive search beyond ASCII, as Zabbix does it: the upper-cased value LIKE the upper-cased pattern.

SQLite's LIKE folds the case of ASCII letters alone. What it misses is folded in the column by `replace`, for just those
letters that the pattern holds; that runs without Python, so a long search leaves the event loop in peace. LIKE takes time
by the lengths of pattern and text multiplied, in which no time limit is looked at, so that a long pattern is looked for
by Python, in time by their sum.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from string import ascii_lowercase

import orjson

from alertrpc.errors import invalid_parameter
from alertrpc.query.sql import Condition, all_of, any_of, json_list

ESCAPE = "!"
_LIKE_SPECIAL = str.maketrans({c: ESCAPE + c for c in ("%", "_", ESCAPE)})
_LAST_CASED = 0x1E943  # the last character of Unicode that has an upper case
LONGEST_PATTERN = 50_000  # bytes
LONGEST_LIKE = 100  # characters
A_FEW_PATTERNS = 10  # so many are terms of a statement of their own
_MOST_REPLACED = 16  # SQLite's parser ends at 100 levels, and a `replace` takes four


def upper_character(character: str) -> str:
    """The upper case as the database's `upper` knows it: one character for one."""
    for candidate in (character.upper(), character.title()):
        if len(candidate) == 1:
            return candidate
    return character


@cache
def _lower_cases() -> dict[str, str]:
    """For each character the others whose upper case it is, but for those that LIKE folds itself."""
    lower_cases: defaultdict[str, str] = defaultdict(str)
    for code in range(0x80, _LAST_CASED + 1):
        if (upper := upper_character(chr(code))) != chr(code):
            lower_cases[upper] += chr(code)
    return dict(lower_cases)


@lru_cache(maxsize=1)
def _fold_table() -> dict[int, str]:
    return {ord(lower): upper for upper, lowers in _lower_cases().items() for lower in lowers}


def fold(text: str | None) -> str | None:
    """A text with the letters beyond ASCII in upper case: what `replace` makes of a column, for any pattern."""
    return text if text is None else text.translate(_fold_table())


def like(
    expression: str, value: str, *, whole: bool = False, start: bool = False, brief: bool = False, at: str = "/search"
) -> Condition:
    """`expression` contains `value`, starts with it (`start`), or is it, `*` standing for anything (`whole`).

    `brief` keeps the statement short, where there are many patterns; `at` is the parameter that asks.
    Raises ApiError when the pattern is longer than LONGEST_PATTERN.
    """
    upper = value.upper()
    if len(upper.encode()) > LONGEST_PATTERN:
        raise invalid_parameter(at, "value is too long.")
    pieces = upper.split("*") if whole else [upper, ""] if start else ["", upper, ""]
    if len(upper) > LONGEST_LIKE:
        return Condition(f"has_pieces({expression}, ?)", (orjson.dumps(pieces).decode(),))
    pattern = "%".join([piece.translate(_LIKE_SPECIAL) for piece in pieces])
    return Condition(f"@folded({_folded(expression, upper, brief=brief)}) LIKE ? ESCAPE '{ESCAPE}'", (pattern,))


def joined(conditions: Sequence[Condition], *, by_any: bool) -> Condition:
    """Any or all of conditions with one bound value each.

    Many are one walk through a list of their values: SQLite can be interrupted between two of these, and not within a term,
    however many parts that has.
    """
    join = any_of if by_any else all_of
    alike: defaultdict[str, list[str]] = defaultdict(list)
    others = []
    for condition in conditions:
        (value,) = condition.args
        if len(conditions) > A_FEW_PATTERNS and isinstance(value, str) and "\0" not in value:
            alike[condition.sql].append(value)
        else:
            others.append(condition)
    walk = _any_fits if by_any else _all_fit
    walks = [Condition(walk(sql.replace("?", "one.value")), (json_list(values),)) for sql, values in alike.items()]
    return join([*walks, *others])


def _any_fits(condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM @texts(?) one WHERE {condition})"


def _all_fit(condition: str) -> str:
    return f"NOT EXISTS (SELECT 1 FROM @texts(?) one WHERE ({condition}) IS NOT TRUE)"


def has_pieces(text: str | None, pieces: str) -> bool | None:
    """The text is the pieces, a JSON array in upper case, with anything between them."""
    if text is None:
        return None
    upper = text.translate(_upper_table())
    first, *others = _parsed(pieces)
    if not others:
        return upper == first
    last = others.pop()
    end = len(upper) - len(last)
    if not upper.startswith(first) or not upper.endswith(last):
        return False
    place = len(first)
    for piece in others:
        if (found := upper.find(piece, place, end)) < 0:
            return False
        place = found + len(piece)
    return place <= end


@lru_cache(maxsize=64)
def _parsed(pieces: str) -> list[str]:
    parsed: list[str] = orjson.loads(pieces)
    return parsed


@lru_cache(maxsize=1)
def _upper_table() -> dict[int, str]:
    return {**_fold_table(), **{ord(letter): letter.upper() for letter in ascii_lowercase}}


def _folded(expression: str, upper: str, *, brief: bool) -> str:
    lower_cases = _lower_cases()
    pairs = [(low, up) for up in sorted(set(upper)) for low in lower_cases.get(up, "")]
    if len(pairs) > _MOST_REPLACED or (pairs and brief):
        return f"fold({expression})"
    for low, up in pairs:
        expression = f"replace({expression}, '{low}', '{up}')"  # letters all: none of them is a quote
    return expression
