from __future__ import annotations

import pytest

from falco.commands.options import Options, parse, unused


def test_nothing_given():
    assert parse([], {}) == Options()


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["-pc"], {"print": "c"}),
        (["-p", "user=%user.name"], {"print": "user=%user.name"}),
        (["--print=k"], {"print": "k"}),
        (["-Av", "-e", "-"], {"all_events": True, "verbose": True, "events_file": "-"}),
        (["-r", "a", "-r", "b"], {"rules": ("a", "b")}),
        (["-V", "a", "--validate", "b"], {"validate": ("a", "b")}),
        (
            ["-D", "a.*", "-T", "x", "-T", "y", "-t", "z"],
            {"disable": ("a.*",), "disable_tag": ("x", "y"), "tag": ("z",)},
        ),
        (["-o", "a=b", "--option", "c.d=e=f"], {"option": ("a=b", "c.d=e=f")}),
        (["--list"], {"list": ""}),
        (["--list", "-N"], {"list": "", "names_only": True}),
        (["--list", "k8s_audit"], {"list": "k8s_audit"}),
        (["--list=syscall"], {"list": "syscall"}),
        (["-s", "f", "--stats_interval", "200"], {"stats_file": "f", "stats_interval_ms": 200}),
        (["-h"], {"help": True}),
        (["--version"], {"version": True}),
        (["--disable-source", "syscall"], {"disable_source": ("syscall",)}),
        (["-M", "45", "-S", "4096"], {"duration_s": 45, "snaplen": 4096}),
        (
            ["-w", "f", "--rotate-size", "2", "--rotate-count=3"],
            {"writefile": "f", "rotate_size_mb": 2, "rotate_count": 3},
        ),
        (
            ["-K", "a:b#c:d", "-k", "http://x", "-m", "y"],
            {"k8s_api_cert": "a:b#c:d", "k8s_api": "http://x", "mesos_api": "y"},
        ),
    ],
)
def test_forms(argv, expected):
    options = parse(argv, {})
    assert {name: getattr(options, name) for name in expected} == expected
    assert options.argv == tuple(argv)


def test_the_environment_names_api_servers():
    environ = {"FALCO_K8S_API": "k", "FALCO_K8S_API_CERT": "c", "FALCO_MESOS_API": "m", "OTHER": "x"}
    options = parse([], environ)
    assert (options.k8s_api, options.k8s_api_cert, options.mesos_api) == ("k", "c", "m")
    assert parse(["-k", "given"], environ).k8s_api == "given"


def test_a_replay_asks_none_of_them():
    assert parse(["-e", "f"], {"FALCO_K8S_API": "k", "FALCO_MESOS_API": "m"}).k8s_api is None


def test_statistics_take_extra_from_the_environment():
    assert parse([], {"FALCO_STATS_EXTRA_variant": "a b"}).stats_extra == {"variant": "a b"}


def test_paths_still_hold_in_the_background(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = parse(["-d", "-e", "in", "-r", "a", "-c", "/abs", "-w", "-", "-s", "st"], {})
    assert (options.events_file, options.rules) == (f"{tmp_path}/in", (f"{tmp_path}/a",))
    assert (options.config, options.writefile, options.stats_file) == ("/abs", "-", f"{tmp_path}/st")
    assert parse(["-e", "in"], {}).events_file == "in"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["-N", "-K", "x"], ["-N has no effect without --list", "-K has no effect without -k"]),
        (["--all", "-P", "p"], ["--all has no effect without --list", "-P has no effect without -d"]),
        (["--stats_interval", "7"], ["--stats_interval has no effect without -s"]),
        (["--list", "-N", "--all", "-d", "-P", "p", "-s", "f", "--stats_interval", "7", "-k", "u", "-K", "c"], []),
        ([], []),
    ],
)
def test_options_that_mean_nothing_alone(argv, told):
    assert unused(parse(argv, {})) == told


@pytest.mark.parametrize(
    ("environ", "skip"),
    [
        ({}, False),
        ({"SKIP_PROBE_BUILD": ""}, False),
        ({"SKIP_PROBE_BUILD": "1"}, True),
        ({"SYSDIG_SKIP_LOAD": "1"}, True),
    ],
)
def test_the_environment_can_forbid_to_compile_a_probe(environ, skip):
    assert parse([], environ).skip_probe_build is skip
