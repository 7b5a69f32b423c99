"""When the steps of an escalation are due: pure functions of seconds."""

from collections.abc import Sequence
from typing import NamedTuple


class DueSteps(NamedTuple):
    """Steps to be done now, as pairs of `esc_step` and the action's step of that number; and when to look again."""

    steps: list[tuple[int, int]]
    done: int
    next: int | None


def due_steps(afters: Sequence[int], repeat_every: int | None, *, done: int, started: int, now: int) -> DueSteps:
    """What is due of an action whose steps come `afters` seconds after `started`, when `done` steps are done.

    The last step is repeated; `esc_step` counts on. Repeats that were missed, while nobody looked, are one. To be asked
    when the last answer's `next` has come.
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
