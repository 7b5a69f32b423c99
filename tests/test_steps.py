"""When the steps of an escalation are due: a table, and any steps looked at at any times."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alertrpc.ledger.steps import DueSteps, due_steps

STARTED = 1000
# afters, repeat_every, done, seconds since the start; and then: steps, done, next after the start
CASES: list[tuple[list[int], int | None, int, int, list[tuple[int, int]], int, int | None]] = [
    ([], None, 0, 0, [], 0, None),
    ([], 60, 0, 600, [], 0, None),
    ([0], None, 0, 0, [(1, 1)], 1, None),
    ([0], None, 1, 9999, [], 1, None),
    ([5], None, 0, 4, [], 0, 5),
    ([5], None, 0, 5, [(1, 1)], 1, None),
    ([0, 0, 0], None, 0, 0, [(1, 1), (2, 2), (3, 3)], 3, None),
    ([0, 600], None, 0, 0, [(1, 1)], 1, 600),
    ([0, 600], None, 1, 599, [], 1, 600),
    ([0, 600], None, 1, 600, [(2, 2)], 2, None),
    ([0, 600], None, 0, 700, [(1, 1), (2, 2)], 2, None),
    ([0, 600, 1200], None, 1, 601, [(2, 2)], 2, 1200),
    # repeats of the last step
    ([0], 60, 0, 0, [(1, 1)], 1, 60),
    ([0], 60, 1, 59, [], 1, 60),
    ([0], 60, 1, 60, [(2, 1)], 2, 120),
    ([0], 60, 2, 120, [(3, 1)], 3, 180),
    ([0, 600], 60, 1, 600, [(2, 2)], 2, 660),
    ([0, 600], 60, 2, 660, [(3, 2)], 3, 720),
    # nobody looked for a while: all steps, and one repeat
    ([0], 60, 1, 3601, [(61, 1)], 61, 3660),
    ([0, 600], 60, 1, 725, [(2, 2), (4, 2)], 4, 780),
    # a late look puts off no later one
    ([0], 60, 1, 90, [(2, 1)], 2, 120),
    # the rules were changed meanwhile: fewer steps, a longer pause, a last step that is still to come
    ([0], None, 3, 700, [], 3, None),
    ([0], 3600, 100, 7200, [(101, 1)], 101, 10800),
    ([0], 3600, 101, 10800, [(102, 1)], 102, 14400),
    ([0, 900], 60, 5, 300, [], 5, 960),
]


@pytest.mark.parametrize(("afters", "repeat_every", "done", "since", "steps", "then_done", "then"), CASES)
def test_what_is_due(
    afters: Sequence[int],
    repeat_every: int | None,
    done: int,
    since: int,
    steps: list[tuple[int, int]],
    then_done: int,
    then: int | None,
) -> None:
    found = due_steps(afters, repeat_every, done=done, started=STARTED, now=STARTED + since)
    assert found == DueSteps(steps, then_done, None if then is None else STARTED + then)


@given(
    afters=st.lists(st.integers(0, 500), max_size=5).map(sorted),
    repeat_every=st.none() | st.integers(1, 300),
    waits=st.lists(st.integers(0, 700), min_size=1, max_size=20),
    started=st.integers(0, 2**32),
)
def test_any_steps_at_any_times(afters: list[int], repeat_every: int | None, waits: list[int], started: int) -> None:
    done, now, told = 0, started, []
    for wait in waits:
        now += wait
        found = due_steps(afters, repeat_every, done=done, started=started, now=now)
        assert found.next is None or found.next > now
        assert found.done == max([done, *[esc_step for esc_step, _ in found.steps]])
        assert sum(esc_step > len(afters) for esc_step, _ in found.steps) <= 1, "missed repeats are one"
        told += found.steps
        done = found.done
        assert not due_steps(afters, repeat_every, done=done, started=started, now=now).steps, "nothing is due twice"
    numbers = [esc_step for esc_step, _ in told]
    assert numbers == sorted(set(numbers)), "no step is done twice"
    come = [number for number, after in enumerate(afters, 1) if started + after <= now]
    assert numbers[: len(come)] == come, "no step is skipped"
    assert [step for _, step in told] == [min(number, len(afters)) for number in numbers]
    if not repeat_every:
        assert len(numbers) == len(come)


@given(
    afters=st.lists(st.integers(0, 500), min_size=1, max_size=5).map(sorted),
    repeat_every=st.none() | st.integers(1, 300),
    looks=st.integers(1, 20),
)
def test_looking_when_told_misses_nothing(afters: list[int], repeat_every: int | None, looks: int) -> None:
    found = due_steps(afters, repeat_every, done=0, started=0, now=0)
    numbers = [esc_step for esc_step, _ in found.steps]
    for _ in range(looks):
        if found.next is None:
            break
        found = due_steps(afters, repeat_every, done=found.done, started=0, now=found.next)
        assert found.steps, "there is something to do when the time has come"
        numbers += [esc_step for esc_step, _ in found.steps]
    assert numbers == list(range(1, len(numbers) + 1))
    if found.next is None:
        assert len(numbers) == len(afters)
