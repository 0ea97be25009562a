"""How the thread that takes events is scheduled: behind other programs it would lose events, or be late, under load.

A lower nice value helps only among programs of the same control group or session (cgroup(7) cpu, sched(7) autogroups);
on a busy host each container is a group of its own. The lowest real-time priority goes before all ordinary programs.
That cannot lock a machine up: the thread sleeps while there is nothing to take, what it takes is made by programs that
it keeps waiting meanwhile, and the kernel leaves the others a share in any case (sched_rt_runtime_us, 5 %).
"""

from __future__ import annotations

import contextlib
import os
import threading

REALTIME, RAISED, NORMAL = "realtime", "raised", "normal"
_LOWEST = 1
_AHEAD = 4
"""By how much nicer others are, as for auditd (priority_boost of auditd.conf)."""


def go_first(how: str) -> None:
    """Schedule the calling thread so, or as near to it as is permitted (CAP_SYS_NICE). What it starts is ordinary."""
    me = threading.get_native_id()
    if how == REALTIME:
        with contextlib.suppress(OSError):
            os.sched_setscheduler(me, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(_LOWEST))
            return
    if how != NORMAL:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, me, os.nice(0) - _AHEAD)
