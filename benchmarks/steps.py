"""The table of steps: a line of it is all that the run knows of a step."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from benchmarks import (
    alerts,
    beside_zabbix,
    crowds,
    deliveries,
    growth,
    lists,
    loading,
    point_reads,
    pushes,
    storm,
    streams,
)
from benchmarks.report import Row
from benchmarks.run import Run


class Step(NamedTuple):
    name: str
    group: str
    what: str
    measure: Callable[[Run], Iterator[Row]]
    seconds: Callable[[Run], float]  # that it takes, roughly, on two cores
    reads_data: bool = True  # that `load` makes
    makes_data: bool = False
    needs_zabbix: bool = False
    is_extra: bool = False  # measured only where it is asked for


# fmt: off
STEPS: Sequence[Step] = (
    Step("load", "reads", "makes the data of three sizes and loads it, beside executemany", loading.measure,
         lambda run: 3 + run.alerts / 12_500, reads_data=False, makes_data=True),
    Step("points", "reads", "one alert by eventids, beside bare aiohttp handlers", point_reads.measure,
         lambda run: 2 + 3 * run.rounds * (run.seconds + 0.4)),
    Step("streams", "reads", "long answers, beside bare sqlite3, and the memory they take", streams.measure,
         lambda run: 4 + run.alerts / 200_000),
    Step("slow-reader", "reads", "point reads while long answers stream", streams.measure_beside_slow_reader,
         lambda run: 2 + 2 * (run.seconds + 0.5)),
    Step("growth", "reads", "times of queries at the three sizes", growth.measure,
         lambda run: 1.5 + run.alerts / 50_000),
    Step("worst", "reads", "the slowest pages and counts at the three sizes", growth.measure_worst,
         lambda run: 0.5 + run.alerts / 30_000),
    Step("lists", "reads", "a list of each get method, beside bare sqlite3", lists.measure,
         lambda run: 1 + run.rounds * run.calls / 30),
    Step("workers", "reads", "two workers beside one", point_reads.measure_workers,
         lambda run: 4 + 4 * (run.seconds + 0.5)),
    Step("pushes", "alarms", "alarms that 64 senders push, and reads beside them", pushes.measure,
         lambda run: 5 + 4 * run.seconds),
    Step("prometheus", "alarms", "alerts as Prometheus pushes them, new and the same again", alerts.measure,
         lambda run: 6 * (1.2 + run.seconds), reads_data=False),
    Step("sharing", "alarms", "alarms in process, with shared commits and without", pushes.measure_sharing,
         lambda run: 1 + run.rounds * run.pushes / 500, reads_data=False),
    Step("webhooks", "alarms", "due alerts by HTTP, beside bare aiohttp clients", deliveries.measure_webhooks,
         lambda run: 3 + run.rounds * run.webhooks / 1000, reads_data=False),
    Step("scripts", "alarms", "due alerts by a script, beside shell loops", deliveries.measure_scripts,
         lambda run: run.rounds * (3 + run.scripts / 7), reads_data=False),
    Step("storm", "alarms", "a storm of alarms to a receiver that takes 10 requests a second", storm.measure,
         lambda run: run.rounds * (1 + run.storm / 5000), reads_data=False),
    Step("crowds", "crowds", "what others wait while crowds send what they should not", crowds.measure,
         lambda run: 10 + 15 * len(crowds.CROWDS), is_extra=True),
    Step("zabbix", "zabbix", "the same requests to the Zabbix of --zabbix", beside_zabbix.measure,
         lambda run: 20, needs_zabbix=True),
)
# fmt: on


def chosen(steps: Sequence[Step], only: Collection[str], run: Run) -> list[Step]:
    """The steps whose name or group is asked for, or all that can be measured; and the one that makes their data."""
    if only:
        found = [step for step in steps if step.name in only or step.group in only]
    else:
        found = [step for step in steps if not step.is_extra and (run.zabbix or not step.needs_zabbix)]
    reads_data = any(step.reads_data for step in found)
    return [step for step in steps if step in found or (step.makes_data and reads_data)]
