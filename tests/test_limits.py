"""docs/limits.rst names every limit: a constant that bounds what users send or get is told there with its value."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import alertrpc
from tests.support import ROOT

TEXT = (ROOT / "docs" / "limits.rst").read_text()
BOUNDS = re.compile(r"(?:MOST|LONGEST|LARGEST|LARGE|MANY|FREE|LEAST)_[A-Z_]+|[A-Z_]+_(?:BYTES|SECONDS)")

# Each limit as the document writes it, and words that stand in its line.
TOLD = {
    "api.heavy.LARGE_BODY": ("16 KiB", "is parsed and checked beside the event loop"),
    "api.heavy.MANY_VALUES": ("100,000", "one at a time is in memory"),
    "api.heavy.WAIT_SECONDS": ("30 s", "Too many large requests at one time"),
    "delivery.expect.REGEX_SECONDS": ("1 s", "regular expression of ``expect``"),
    "delivery.masking.KEPT_BYTES": ("2 KiB", "answer, output and error on record"),
    "delivery.masking.READ_BYTES": ("64 KiB", "answer of a receiver that is looked at"),
    "delivery.scripts.environment.TEXT_BYTES": ("96 KiB", "value in a script's environment"),
    "delivery.scripts.environment.TOTAL_BYTES": ("1 MiB", "arguments and environment of a script"),
    "store.database.POINT_SECONDS": ("50 ms", "A get method that an index answers runs immediately"),
    "store.database.SPOOL_BYTES": ("1 GiB", "what clients have not taken of long answers"),
    "store.readers.LOOK_SECONDS": ("0.25 s", "A search whose client leaves"),
    "web.body.FREE_BYTES": ("8 KiB", "without a valid credential. The first"),
    "web.body.FREE_CHUNKS": ("100", "the mean, after the first"),
    "web.body.LEAST_CHUNK": ("64 bytes", "chunks of a chunked body"),
    "web.body.STALLED_SECONDS": ("1 s", "are not counted; one of which nothing came"),
    "web.pace.LEAST_BYTES": ("64 KiB", "what a client takes of a long answer within"),
    "api.alert.MOST_RESENT": ("10,000", "ids of ``alert.resend``"),
    "api.fields.MOST_IDS": ("1,000,000", "ids of a parameter"),
    "api.fields.MOST_MEMBERS": ("1,000", "members of an object that are looked at"),
    "api.fields.MOST_TAGS": ("1,000", "``tags``"),
    "api.fields.MOST_VALUES": ("100,000", "values of ``filter``, of all members together"),
    "api.mediatype.LONGEST_SENDTO": ("1,024", "address"),
    "loglines.LONGEST_FAULT": ("1,000", "faults that a command shows"),
    "cli.passwords.LONGEST_PASSWORD": ("255", "password"),
    "loglines.MOST_FAULTS": ("100", "faults that a command shows"),
    "configuration.channel_values.LONGEST_TEXT": ("65,535", "text in it"),
    "delivery.channels.email.addresses.LONGEST_ADDRESS": ("1,024", "address"),
    "configuration.answers.LONGEST_AFTER": ("86,400 s", "``after`` of ``answers``"),
    "configuration.answers.MOST_ANSWERS": ("100", "entries of ``answers``"),
    "delivery.channels.http.sending.LONGEST_RETRY_AFTER": ("1 day", "``Retry-After``"),
    "documents.LARGEST_FILE": ("1 MiB", "configuration file"),
    "documents.MOST_KEY_PARTS": ("100", "parts of a dotted key in it"),
    "intake.bodies.MOST_WARNINGS": ("20", "``warnings`` of an answer"),
    "intake.kept.LONGEST_DESCRIPTION": ("1,048,576", "``description``, and an annotation"),
    "intake.kept.LONGEST_LABEL": ("65,536", "a label"),
    "intake.kept.LONGEST_NAME": ("255", "``alarmType``, ``target``, ``name``, and names"),
    "intake.kept.LONGEST_SUMMARY": ("2,048", "``summary``, ``url``"),
    "intake.kept.MOST_LABELS": ("10,000", "labels of an alarm"),
    "settings.LONGEST_LABEL_NAME": ("255", "a name of ``target_labels``"),
    "settings.MOST_LABEL_NAMES": ("100", "names of ``target_labels``"),
    "intake.checks.MOST_LABELS_OF_BODY": ("50,000", "labels of a body"),
    "intake.labelled.MOST_ALERTS": ("10,000", "alerts of Prometheus or Alertmanager"),
    "intake.ocp.MOST_ALARMS": ("1,000", "alarms of an array of OCP's form"),
    "intake.ocp.MOST_TIMES": ("10", "times that one alarm comes in it"),
    "intake.pushes.MOST_ALARMS": ("500", "recorded together: each"),
    "intake.pushes.MOST_TOGETHER": ("1,000", "share a transaction"),
    "intake.parsing.MOST_CONTAINERS": ("100,000", "arrays and objects in a body"),
    "intake.parsing.MOST_MEMBERS": ("250,000", "members of objects in a body"),
    "intake.parsing.MOST_VALUES": ("1,001,000", "values in a body: elements of arrays and"),
    "delivery.pauses.LONGEST_PAUSE": ("600 s", "pause between two attempts"),
    "delivery.sender.LEAST_HOLD": ("1 s", "a wait that a receiver asks for"),
    "references.LARGEST_REFERENCE": ("64 KiB", "file of ``${file:PATH}``"),
    "ledger.filters.LONGEST_CUT": ("65,535", "N of the filter"),
    "delivery.evidence.LONGEST_HEAD": ("4,096", "request on record"),
    "store.digests.MOST_TOGETHER": ("1,000", "alerts of a digest"),
    "configuration.media_types.MOST_DIGEST": ("999", "``digest`` of a media type"),
    "values.LONGEST_SPAN": ("86,400 s", "span of a rate"),
    "values.MOST_OF_RATE": ("10,000", "attempts of a rate"),
    "ledger.alerts.MOST_ALARMS": ("1,000", "Alarms are recorded in one transaction"),
    "ledger.alerts.MOST_ALERTED": ("2 MiB", "their alerts are created in further transactions"),
    "ledger.alerts.MOST_TEXT": ("256 KiB", "Alarms are recorded in one transaction"),
    "ledger.messages.LONGEST_SUBJECT": ("2,048", "subject"),
    "loglines.LONGEST_LINE": ("400", "of what strangers cause"),
    "loglines.MOST_LINES": ("10", "of what strangers cause"),
    "query.matching.MOST_PATTERNS": ("5,000", "values of ``search``"),
    "query.search.LONGEST_PATTERN": ("50,000", "a pattern of ``search`` or of ``tags``"),
    "rpc.envelope.MOST_CALLS": ("1,000", "calls of a batch"),
    "store.deliveries.MOST_BYTES": ("8 MiB", "alerts that are claimed at one time"),
    "store.groups.LONGEST_HOST_GROUP": ("255", "name of a host group"),
    "store.groups.LONGEST_USER_GROUP": ("64", "name of a user group"),
    "store.loading.MOST_LINE_BYTES": ("16 MiB", "line of a data file"),
    "store.turns.MOST_OF_USER": ("100", "searches and long answers of a user at one"),
    "store.turns.MOST_WAITING": ("1,000", "searches of all users that wait"),
    "ocp.filters.LARGEST_ID": ("2^63-1", "page and id of OCP's lists"),
    "ocp.lists.LARGEST_PAGE": ("200", "size of a page of OCP's lists"),
    "web.body.MOST_LARGEST": ("3", "bodies of the largest size, received at one"),
    "web.body.MOST_LARGEST_ANONYMOUS": ("16", "bodies of the largest size, received at one"),
}
# How work is cut into pieces, and what is remembered: nobody sees these but by the time that things take.
INNER = {
    "delivery.channels.email.sending.QUIT_SECONDS",
    "delivery.scripts.environment.POINTER_BYTES",
    "delivery.scripts.files.FOLDER_NAME_BYTES",
    "delivery.scripts.files.SHEBANG_BYTES",
    "delivery.scripts.process.KILL_SECONDS",
    "ledger.alerts.LEAST_ALERT",
    "server._LAST_SECONDS",
    "store.database.HOP_SECONDS",
    "store.database.OWN_SECONDS",
    "store.gather.PATIENCE_SECONDS",
    "store.loading.BATCH_BYTES",
    "store.point_reads.LOOK_SECONDS",
    "store.rows.CHUNK_BYTES",
    "store.streams.SLOW_SECONDS",
    "web.ocp.RETRY_SECONDS",
    "api.get.LONGEST_KEPT",
    "api.passwords.MOST_REMEMBERED",
    "delivery.channels.email.addresses.LONGEST_LINE",
    "delivery.masking.LONGEST_SPELLING",
    "delivery.claims.MOST_ROUNDS",
    "delivery.lane.COURTESY_SECONDS",
    "delivery.lane.LONGEST_SLEEP",
    "delivery.lane.MOST_READY",
    "intake.bodies.LEAST_MILLISECONDS",
    "loglines.MOST_KEYS",
    "loglines.SELDOM_SECONDS",
    "store.digests.MOST_LOOKED_THROUGH",
    "store.limits.LONGEST_HOLD",
    "delivery.pauses.LONGEST_WAITING",
    "delivery.deliverer.LONGEST_TEST",
    "delivery.deliverer.LONGEST_WAIT",
    "delivery.deliverer.MOST_RECORDED",
    "delivery.spellings.LONGEST_ESCAPE",
    "ledger.ledger.MOST_AT_ONCE",
    "ledger.ledger.MOST_ENDED",
    "query.compile.MOST_PAGED",
    "query.finding.MOST_MEMBERS",
    "query.compile.MOST_SHORT_IDS",
    "query.search.LONGEST_LIKE",
    "store.bulk.MOST_BYTES",
    "store.bulk.MOST_ROWS",
    "store.database.MOST_SLOW",
    "store.loading.MOST_SHAPES",
    "store.deliveries.MOST_RELEASED",
    "store.resends.MOST_BYTES",
    "store.resends.MOST_MADE",
    "store.point_reads.MOST_AT_ONCE",
    "store.point_reads.MOST_TOGETHER",
    "store.problems.MOST_ALARMS",
    "store.writes.MOST_TOGETHER",
}
UNITS = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "ms": 0.001, "s": 1, "day": 86_400}


def constants() -> Iterator[tuple[str, float]]:
    """The bounds of every module where they are made: the same value imported elsewhere counts once."""
    for module in pkgutil.walk_packages(alertrpc.__path__, "alertrpc."):
        if module.name.endswith("__main__"):
            continue
        found = importlib.import_module(module.name)
        source = importlib.util.find_spec(module.name)
        assert source is not None
        assert source.origin is not None
        with open(source.origin, encoding="utf-8") as file:
            made = set(re.findall(r"^([A-Z_]+)(?:: [^=\n]+)? = ", file.read(), re.MULTILINE))
        for name in made:
            if BOUNDS.fullmatch(name):
                yield f"{module.name.removeprefix('alertrpc.')}.{name}", vars(found)[name]


VALUES = dict(constants())


def value_of(written: str) -> float:
    if written == "2^63-1":
        return 2**63 - 1
    number, _, unit = written.replace(",", "").partition(" ")
    return float(number) * (UNITS[unit] if unit else 1)


def test_every_limit_is_told_or_is_nobodys() -> None:
    assert VALUES.keys() == TOLD.keys() | INNER


@pytest.mark.parametrize("name", TOLD)
def test_a_limit_is_told_as_it_is(name: str) -> None:
    written, words = TOLD[name]
    assert value_of(written) == VALUES[name]
    lines = [line for line in TEXT.splitlines() if words in line]
    assert [line for line in lines if re.search(rf"(?<![\d,]){re.escape(written)}(?![\d,])", line)], (written, lines)


@pytest.mark.parametrize(
    "setting", ["body_limit", "anonymous_body_limit", "query_timeout", "stall_timeout", "push_limit", "login_attempts"]
)
def test_a_limit_that_can_be_set_is_named(setting: str) -> None:
    assert setting in TEXT
