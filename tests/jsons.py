"""What hypothesis tests with: any JSON, and how many examples."""

from hypothesis import settings
from hypothesis import strategies as st


def examples(times: float) -> settings:
    """So many times the examples of the profile, where one of them takes little or much."""
    profile = settings.default
    assert profile is not None
    return settings(max_examples=int(times * profile.max_examples))


_numbers = st.integers(-(2**70), 2**70) | st.integers(-3, 10) | st.floats(allow_nan=False, allow_infinity=False)
# json.loads gives lone surrogates, though orjson refuses them
_texts = st.text(max_size=20) | st.sampled_from(["", "1", "\0", "\ud800", "0001-01-01T00:00:00Z", "2020-12-03"])
_scalars = st.none() | st.booleans() | _numbers | _texts
jsons = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_texts, inner, max_size=4), max_leaves=12
)
