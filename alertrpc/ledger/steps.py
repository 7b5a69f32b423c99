"""When the steps of an escalation are due: pure functions of seconds."""

from collections.abc import Sequence
from typing import NamedTuple


class DueSteps(NamedTuple):
    """`steps` are due now, as pairs of `esc_step` and the number in the action; `next` is when to ask again, in seconds."""

    steps: list[tuple[int, int]]
    done: int
    next: int | None


def due_steps(afters: Sequence[int], repeat_every: int | None, *, done: int, started: int, now: int) -> DueSteps:
    """The due steps of an action whose steps come `afters` seconds after `started`, after `done` steps.

    The last step is repeated; `esc_step` counts on. Several missed repeats are done as one.
    """
    count = len(afters)
    steps = [(number, number) for number in range(done + 1, count + 1) if started + afters[number - 1] <= now]
    done = max([done, *[number for number, _ in steps]])
    if done < count:
        return DueSteps(steps, done, started + afters[done])
    if not repeat_every or not count:
        return DueSteps(steps, done, None)
    last = started + afters[-1]
    repeats = max(0, (now - last) // repeat_every)
    if count + repeats > done:
        done = count + repeats
        steps.append((done, count))
    elif count + repeats < done and now >= last:  # it was repeated more often before the rules changed
        done += 1
        steps.append((done, count))
    return DueSteps(steps, done, last + (repeats + 1) * repeat_every)
