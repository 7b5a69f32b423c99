"""SIGHUP reads the configuration file again: settings change, and what the file declares is applied."""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass

from alertrpc.errors import AlertrpcError
from alertrpc.loglines import fault_lines, write_log
from alertrpc.settings import Settings

log = logging.getLogger(__name__)


class Hangup:
    """Handles SIGHUP, so that it never ends the process; a signal that comes before `call` waits for it."""

    def __init__(self) -> None:
        self._act: Callable[[], None] | None = None
        self._came = False
        signal.signal(signal.SIGHUP, self._on_signal)

    def _on_signal(self, _signum: int, _frame: object) -> None:
        if self._act is None:
            self._came = True
        else:
            self._act()

    def keep(self) -> None:
        """Lets later signals wait for the next `call`."""
        self._act, self._came = None, False

    def call(self, act: Callable[[], None]) -> None:
        """Calls `act` at each SIGHUP from now on, between any two steps of the main thread."""
        self._act = act
        if self._came:
            self._came = False
            act()


@dataclass(frozen=True)
class Reload:
    """What SIGHUP does: `read` reads the settings again, `declare` applies what the file declares.

    Both raise AlertrpcError. `read` is None without a file. `settings` are those that the server runs with.
    """

    settings: Settings
    hangup: Hangup
    read: Callable[[], Settings] | None = None
    declare: Callable[[Settings], None] = lambda _: None

    def read_again(self, *, declares: bool) -> Settings | None:
        """Reads the settings, and applies what the file declares if `declares`; None if anything is faulty.

        The log has the faults; nothing is applied then.
        """
        if self.read is None:
            log.info("SIGHUP does nothing, as there is no configuration file")
            return None
        try:
            new = self.read()
            if declares:
                self.declare(self.settings)
            return new
        except AlertrpcError as error:
            for line in fault_lines(error.faults):
                log.error("%s", line)
        except Exception:
            log.exception("the configuration file cannot be read again")
        log.error("nothing has changed, as the configuration file is faulty or cannot be applied")
        return None

    def take_over(self, new: Settings, *, is_logged: bool) -> None:
        """Takes the new settings that can change while the server runs; the log names the others if `is_logged`."""
        left = self.settings.take_over(new)
        write_log(self.settings.log_level, self.settings.log_format)
        if is_logged:
            log.info("the configuration file is read again")
        if is_logged and left:
            log.warning("these settings have changed and need a restart: %s", ", ".join(left))
