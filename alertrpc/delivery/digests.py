"""Puts the alerts that wait for one address together, if there are more than its media type sends one by one."""

from collections.abc import Sequence

from alertrpc.ledger.digest import digest_words
from alertrpc.ledger.variables import Told
from alertrpc.records import MediaType
from alertrpc.store.bulk import as_json
from alertrpc.store.connection import SqlConnection
from alertrpc.store.deliveries import Ready, find_alerts
from alertrpc.store.digests import Waiting, add_digest, find_waiting, next_digestid
from alertrpc.store.tables import NewDigest


class Digests:
    """Makes the digests of a claim. `now` is in milliseconds."""

    def __init__(
        self, mediatypeid: int, media_type: MediaType, now: int, public_url: str, connection: SqlConnection
    ) -> None:
        self._mediatypeid = mediatypeid
        self._media_type = media_type
        self._now = now
        self._public_url = public_url
        self._connection = connection
        self._together: set[int] = set()
        self._few: set[str] = set()  # addresses for which too few alerts wait

    def have(self, ready: Ready) -> bool:
        """Whether the alert goes with a digest that is made already."""
        return ready.alertid in self._together

    def put_together(self, ready: Ready) -> Ready:
        """The alert that stands for a new digest, if many wait for the address of this one, its first; else this one."""
        if not self._media_type.digest or ready.untold or ready.digestid is not None or ready.sendto in self._few:
            return ready
        waiting = find_waiting(self._mediatypeid, ready.sendto, self._connection)
        if len(waiting) <= self._media_type.digest:
            self._few.add(ready.sendto)
            return ready
        self._together |= {each.alertid for each in waiting}
        severest_first = sorted(waiting, key=lambda each: (-each.severity, each.place, each.alertid))
        digestid = self._add(severest_first)
        return ready._replace(alertid=severest_first[0].alertid, digestid=digestid)

    def _add(self, waiting: Sequence[Waiting]) -> int:
        [severest] = find_alerts([waiting[0].alertid], self._connection)
        is_active, now = severest["p_eventid"] is None, self._now / 1000
        told = Told(severest["alarm"], is_active, now, severest, public_url=self._public_url)
        lines = dict.fromkeys((each.problemid, each.subject.strip() or "(no subject)") for each in waiting)
        eventids = dict.fromkeys(each.problemid for each in waiting)
        words = digest_words(
            self._media_type.digest_subject,
            self._media_type.digest_message,
            self._media_type.digest_bytes,
            told,
            [line for _, line in lines],
            len(eventids),
        )
        digest = NewDigest(
            digestid=next_digestid(self._connection),
            clock=self._now // 1000,
            alarm_count=len(eventids),
            eventids=as_json(eventids),
            alarms=words.alarms,
            subject=words.subject,
            message=words.message,
        )
        add_digest(digest, [each.alertid for each in waiting], self._connection)
        return digest.digestid
