"""Who may not watch this host is told so at once: why, and what mends it."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from tests.live.product import DEFAULT_RULES, FALCO, ROOT

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can take privileges away")

NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
NO_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
NO_BPF = ("setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin", "--inh-caps=-all")
NO_TRACING = ("setpriv", "--bounding-set=-perfmon,-sys_admin", "--inh-caps=-all")
NEEDS = "this needs root, or the capabilities CAP_BPF and CAP_PERFMON; missing: {}"


@pytest.mark.parametrize(
    ("before", "missing"),
    [
        (NOBODY, "CAP_BPF, CAP_PERFMON"),
        (NO_CAPABILITIES, "CAP_BPF, CAP_PERFMON"),
        (NO_BPF, "CAP_BPF, CAP_PERFMON"),
        (NO_TRACING, "CAP_PERFMON"),
    ],
    ids=["nobody", "no capabilities", "no BPF", "no tracing"],
)
def test_missing_privileges_are_named(before, missing):
    options = ["-o", "stdout_output.enabled=true", "-o", "log_stderr=true", "-o", "log_syslog=false", "-v"]
    done = subprocess.run(
        [*before, *FALCO, "-r", str(DEFAULT_RULES), *options], capture_output=True, text=True, check=False, timeout=60,
        cwd="/", env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 1
    why, instead = done.stderr.splitlines()[-2:]
    reason = (
        rf"Runtime error: this host cannot be watched: eBPF is refused: \w.*\({re.escape(NEEDS.format(missing))}\)$"
    )
    assert re.search(reason, why)
    assert instead.endswith("Captures can be replayed by any user: falco -e FILE. Exiting.")
    assert "Traceback" not in done.stderr
    assert "Events detected" not in done.stdout
