"""SIGHUP, and the configuration file that it reads again: settings change, and what the file declares is applied."""

import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass

from alertrpc.errors import AlertrpcError
from alertrpc.loglines import fault_lines, write_log
from alertrpc.settings import Settings

log = logging.getLogger(__name__)


class Hangup:
    """Takes SIGHUP from when it is made, so that it never ends the process; what comes before `call` is kept for it."""

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
        """Keeps what comes from now on."""
        self._act, self._came = None, False

    def call(self, act: Callable[[], None]) -> None:
        """Calls `act` at each SIGHUP from now on, between any two steps of the main thread."""
        self._act = act
        if self._came:
            self._came = False
            act()

    def end(self) -> None:
        """Ignores it from now on, as the process is at its end."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)


@dataclass(frozen=True)
class Reload:
    """What SIGHUP does: `read` reads the settings again, `declare` applies what the file declares; None without a file.

    Both raise AlertrpcError. `settings` are those that the server runs with.
    """

    settings: Settings
    hangup: Hangup
    read: Callable[[], Settings] | None = None
    declare: Callable[[Settings], None] = lambda _: None

    def read_settings(self) -> Settings | None:
        """The settings as file, environment and flags have them now; None, and lines in the log, where they are faulty."""
        return self._read(declares=False)

    def read_all(self) -> Settings | None:
        """The same, when what the file declares is applied; nothing is applied where anything is faulty."""
        return self._read(declares=True)

    def _read(self, *, declares: bool) -> Settings | None:
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

    def take_over(self, new: Settings) -> None:
        """Goes on with the new settings, as far as they can change; a line in the log names the others."""
        left = self.change_to(new)
        log.info("the configuration file is read again")
        if left:
            log.warning("these settings have changed and need a restart: %s", ", ".join(left))

    def change_to(self, new: Settings) -> list[str]:
        """The same without a line; the names of the others."""
        left = self.settings.take_over(new)
        write_log(self.settings.log_level, self.settings.log_format)
        return left
