"""One run from start to end, of either kind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from falco.commands.daemon import daemonize
from falco.errors import FalcoError

if TYPE_CHECKING:
    from falco.commands.options import Options
    from falco.commands.run import Run


def run(options: Options) -> int:
    """Watch this host, or replay a capture from start to end."""
    if options.daemon and "-" in (options.events_file, options.writefile):
        raise FalcoError("-d leaves standard input and output behind: -e and -w need a file with it")
    started = time.perf_counter()
    this = _kind(options)(options)
    this.prepare()
    this.begin()
    this.open_stats()
    if options.daemon and not daemonize(options.pidfile):
        return 0
    this.start_store()
    ended = False
    try:
        this.go(started)
        ended = True
    finally:
        this.finish(started, ended)
    return 0


def _kind(options: Options) -> type[Run]:
    # Either brings modules that the other has no use for, the live one a quarter of a second of them.
    if options.events_file is None:
        from falco.commands.live import Live  # noqa: PLC0415

        return Live
    from falco.commands.replay import Replay  # noqa: PLC0415

    return Replay
