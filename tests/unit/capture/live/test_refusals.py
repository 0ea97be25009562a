"""Why the kernel refuses, told from what lies under a root."""

from __future__ import annotations

import errno

import pytest

from falco.capture.live.refusals import explain

NONE, ALL, ADMIN, BPF_ONLY = "0000000000000000", "000001ffffffffff", "0000000000200000", "0000008000000000"


@pytest.fixture
def host(tmp_path):
    def make(capabilities=ALL, lockdown="[none] integrity confidentiality", release="6.1.0-18-amd64"):
        for name, text in (
            ("proc/self/status", f"Name:\tfalco\nCapPrm:\t{ALL}\nCapEff:\t{capabilities}\n"),
            ("sys/kernel/security/lockdown", lockdown + "\n"),
            ("proc/sys/kernel/osrelease", release + "\n"),
        ):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


def test_missing_capabilities_are_named(host):
    assert explain(errno.EPERM, host(NONE)).endswith("missing: CAP_BPF, CAP_PERFMON")
    assert explain(errno.EPERM, host(BPF_ONLY)).endswith("missing: CAP_PERFMON")


def test_sys_admin_stands_for_both(host):
    assert "seccomp" in explain(errno.EPERM, host(ADMIN))


def test_lockdown_is_told(host):
    root = host(lockdown="none integrity [confidentiality]")
    assert "locked down" in explain(errno.EPERM, root)
    assert "locked down" not in explain(errno.EPERM, host(lockdown="none [integrity] confidentiality"))


def test_a_verifier_that_says_no_needs_no_explanation(host):
    assert explain(errno.EACCES, host()) == ""


def test_an_old_kernel_is_told_where_it_may_be_the_reason(host):
    assert explain(errno.EINVAL, host(release="5.4.0")) == "kernel 5.4.0 is older than 5.8, which the probe needs"
    assert explain(errno.EINVAL, host(release="5.10.0")) == ""
    assert explain(errno.ENOENT, host(release="5.4.0")) == ""


def test_a_kernel_without_bpf(host):
    assert "without bpf(2)" in explain(errno.ENOSYS, host())


def test_a_host_that_tells_nothing_is_taken_to_hold_nothing(tmp_path):
    assert "CAP_BPF" in explain(errno.EPERM, tmp_path)
