"""Case-insensitive search beyond ASCII, as Zabbix does it: the upper-cased value LIKE the upper-cased pattern.

SQLite's LIKE folds the case of ASCII letters only. For each other letter of the pattern, `replace` folds it in the column;
it runs without Python, so that a long search does not block the event loop. The time of LIKE grows with the product of the
lengths of pattern and text, and no time limit interrupts it. Python searches long patterns, in a time that grows with the
sum of the lengths.
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
A_FEW_PATTERNS = 10  # up to so many are terms of the statement
_ANY_FITS = "EXISTS (SELECT 1 FROM @texts(?) one WHERE {})"
_ALL_FIT = "NOT EXISTS (SELECT 1 FROM @texts(?) one WHERE ({}) IS NOT TRUE)"
_MOST_REPLACED = 12  # SQLite's parser allows 100 levels, and a `replace` takes four


def upper_character(character: str) -> str:
    """The upper case as one character, as the `upper` of a database has it."""
    for candidate in (character.upper(), character.title()):
        if len(candidate) == 1:
            return candidate
    return character


@cache
def _lower_cases() -> dict[str, str]:
    """For each upper-case character its lower-case ones beyond ASCII."""
    lower_cases: defaultdict[str, str] = defaultdict(str)
    for code in range(0x80, _LAST_CASED + 1):
        if (upper := upper_character(chr(code))) != chr(code):
            lower_cases[upper] += chr(code)
    return dict(lower_cases)


@cache
def _fold_table() -> dict[int, str]:
    return {ord(lower): upper for upper, lowers in _lower_cases().items() for lower in lowers}


def fold(text: str | None) -> str | None:
    """A text with the letters beyond ASCII in upper case, as `replace` folds a column for any pattern."""
    return text if text is None else text.translate(_fold_table())


def upper_pattern(value: str, parameter: str) -> str:
    """The pattern in upper case; raises ApiError that names the parameter if it is longer than LONGEST_PATTERN."""
    upper = value.upper()
    if len(upper.encode()) > LONGEST_PATTERN:
        raise invalid_parameter(parameter, "value is too long.")
    return upper


def like(expression: str, value: str, *, whole: bool = False, start: bool = False, brief: bool = False) -> Condition:
    """`expression` contains `value`, starts with it (`start`), or equals it with `*` for any text (`whole`).

    `brief` keeps the statement short if there are many patterns. Raises ApiError for a pattern longer than LONGEST_PATTERN.
    """
    upper = upper_pattern(value, "/search")
    pieces = upper.split("*") if whole else [upper, ""] if start else ["", upper, ""]
    if len(upper) > LONGEST_LIKE:
        return Condition(f"has_pieces({expression}, ?)", (orjson.dumps(pieces).decode(),))
    pattern = "%".join([piece.translate(_LIKE_SPECIAL) for piece in pieces])
    narrowed = "" if brief else _narrowed(expression, upper)
    folded = _folded(expression, upper, brief=brief, is_narrowed=bool(narrowed))
    return Condition(f"{narrowed}@folded({folded}) LIKE ? ESCAPE '{ESCAPE}'", (pattern,))


def joined(conditions: Sequence[Condition], *, by_any: bool) -> Condition:
    """Any or all of conditions with one bound value each.

    Many of them become one walk through a list of their values: SQLite can be interrupted between two values, but not
    within a term.
    """
    alike: defaultdict[str, list[str]] = defaultdict(list)
    others = []
    for condition in conditions:
        (value,) = condition.args
        if len(conditions) > A_FEW_PATTERNS and isinstance(value, str) and "\0" not in value:
            alike[condition.sql].append(value)
        else:
            others.append(condition)
    walk = _ANY_FITS if by_any else _ALL_FIT
    walks = [Condition(walk.format(sql.replace("?", "one.value")), (json_list(texts),)) for sql, texts in alike.items()]
    return any_of([*walks, *others]) if by_any else all_of([*walks, *others])


def has_pieces(text: str | None, pieces: str) -> bool | None:
    """Whether the text is the `pieces`, a JSON array in upper case, with any text between them."""
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


@cache
def _upper_table() -> dict[int, str]:
    return {**_fold_table(), **{ord(letter): letter.upper() for letter in ascii_lowercase}}


def _folded(expression: str, upper: str, *, brief: bool, is_narrowed: bool) -> str:
    lower_cases = _lower_cases()
    pairs = [(low, up) for up in sorted(set(upper)) for low in lower_cases.get(up, "")]
    if len(pairs) > _MOST_REPLACED or (pairs and brief):
        return f"fold({expression})"
    if not pairs:
        return expression
    replaced = expression
    for low, up in pairs:
        replaced = f"replace({replaced}, '{low}', '{up}')"  # these are letters, never a quote
    if is_narrowed:
        return replaced
    needs = " OR ".join([f"@contains({expression}, '{low}')" for low, _ in pairs])
    return f"CASE WHEN {needs} THEN {replaced} ELSE {expression} END"


def _narrowed(expression: str, upper: str) -> str:
    """That the text has a letter of the pattern beyond ASCII, which is found sooner than the pattern is compared."""
    letters = [letter for letter in upper if letter > "\x7f" and letter in _lower_cases()]
    if not letters:
        return ""
    has = [f"@contains({expression}, '{letter}')" for letter in letters[0] + _lower_cases()[letters[0]]]
    return f"@narrowed({' OR '.join(has)})"
