"""What a live run says where it cannot begin; tests/live/ has those that can."""

from __future__ import annotations

from tests.unit.conftest import falco


def test_without_system_calls_and_a_web_server_there_is_nothing_to_do(config_file, rules_file):
    done = falco("-c", config_file, "-r", rules_file, "--disable-source", "syscall")
    assert done.returncode == 1
    assert "there is only the web server to listen to: set webserver.enabled" in done.stderr


def test_a_host_that_cannot_be_watched_is_told_with_the_reason(config_file, rules_file, tmp_path, monkeypatch):
    """Without /proc below the host's root, or without the rights: which of both depends on who runs the tests."""
    monkeypatch.setenv("HOST_ROOT", str(tmp_path))
    done = falco("-c", config_file, "-r", rules_file, "-M", "1")
    assert done.returncode == 1
    assert f"{tmp_path}/proc: No such file or directory" in done.stderr or "run as root" in done.stderr
    assert "defect of Falco" not in done.stderr
