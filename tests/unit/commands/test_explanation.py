"""--explain-filter: the page, and all of one call or rule."""

from __future__ import annotations

import pytest

from falco.commands.explanation import WIDTH, explain, report, summary
from falco.commands.options import Options
from falco.errors import FalcoError
from tests.unit.commands.loading import departures_of, written
from tests.unit.conftest import ROOT

DEFAULT_RULES = ROOT / "rules" / "falco_rules.yaml"
END = "evt.dir=< and"
NAMES = ", ".join(f"/etc/secret-{letter}" for letter in "abcdefghijklmnopqrstuvw")
SAMPLE = (
    f"evt.type in (open, openat, creat) and {END} fd.name in ({NAMES}) and proc.pname = a",
    f"evt.type in (open, openat) and {END} evt.is_open_write = true and fd.name pmatch (/etc, /usr/bin) and user.uid=0",
    f"evt.type in (unlink, mkdir) and {END} evt.rawres >= 0 and fs.path.name endswith .log and user.name = c",
    f"evt.type in (connect, accept, sendto) and {END} fd.sport in (22, 23) and not fd.snet in (10.0.0.0/8, ::1/128)",
    "evt.type = dup and fd.typechar = 4",
    f"evt.type = chmod and {END} (evt.arg.mode contains S_ISUID or evt.arg.mode contains S_ISGID)",
    f"evt.type = socket and {END} proc.pname = a",
    "evt.type in (mount, add_key, execve) and evt.dir=<",
)


@pytest.fixture
def page(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def made(name="", *conditions, **options):
        rules = str(written(tmp_path, *(conditions or SAMPLE)))
        host = tmp_path / "host"
        assert explain(Options(rules=(rules,), explain_filter=name, host_root=str(host), **options)) == 0
        return capsys.readouterr().out

    return made


def test_the_page(page, golden):
    golden("explain/page.txt", page())


def test_all_of_a_call(page, golden):
    golden("explain/call.txt", page("openat"))


def test_all_of_a_rule(page, golden):
    golden("explain/rule.txt", page("Rule 0"))


def test_a_page_has_lines_of_a_readable_width_and_not_too_many(capsys, tmp_path):
    options = Options(rules=(str(DEFAULT_RULES),), explain_filter="", host_root=str(tmp_path))
    assert explain(options) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert len(lines) < 500
    assert "   0 all sent, as a rule holds them open" in lines


def test_the_page_names_what_is_not_shown_and_verbose_shows_it(page):
    assert "path is one of 23: /etc/secret-a, /etc/secret-b, /etc/secret-c and 20 more" in " ".join(page().split())
    assert "/etc/secret-w" not in page()
    assert "/etc/secret-w" in page(verbose=True)


def test_rules_that_hold_calls_open_are_named_in_the_summary(tmp_path):
    lines = list(summary(departures_of(tmp_path, *SAMPLE).values()))
    at = lines.index("   4 all sent, as a rule holds them open: dup, dup2, dup3, socket")
    assert lines[at + 1 : at + 3] == ["     by Rule 4: dup, dup2, dup3", "     by Rule 6: socket"]


def test_a_call_is_also_found_by_the_name_of_its_event(page):
    text = page("pread", f"evt.type = pread and {END} proc.pname = a | all_events: true")
    assert text.splitlines()[:2] == ["pread64", "  Every one is sent"]


def test_a_call_that_is_not_sifted_says_so_and_has_its_rules(page):
    assert page("add_key").splitlines() == [
        "add_key: all sent, as rules look at them and calls of these kinds are not tested", "  Rule 7"
    ]  # fmt: skip
    assert page("msync") == "msync: not sent: no rule looks at them\n"


def test_what_there_is_no_room_for_is_said(page):
    condition = " or ".join(f"(fd.sport = {n} and fd.cport = {n})" for n in range(1, 400))
    text = page("", f"evt.type = connect and {END} ({condition})")
    assert "     for want of room: connect\n" in text
    assert "  Every one is sent, for want of room: 798 comparisons, 512 fit. The tests would be\n" in text


def test_an_unknown_name_is_told_with_the_nearest(page):
    with pytest.raises(FalcoError, match=r'called "opennat", did you mean openat\?'):
        page("opennat")


@pytest.mark.parametrize("options", [{"all_events": True}, {"writefile": "x.scap"}])
def test_where_everything_is_sent_there_is_nothing_to_explain(page, options):
    assert page(**options) == "With -A and with -w every system call is sent, whatever the rules look at.\n"


def test_a_report_has_the_summary_and_says_why_there_is_none(tmp_path):
    options = Options(rules=(str(written(tmp_path, *SAMPLE)),), host_root=str(tmp_path / "host"))
    assert report(options) == list(summary(departures_of(tmp_path, *SAMPLE).values()))
    (line,) = report(Options(rules=(str(written(tmp_path, "evt.typ = open")),)))
    assert line.startswith(f"{tmp_path}/rules.yaml:3:14: error: ")
    assert report(Options(rules=options.rules, writefile="x")) != []
