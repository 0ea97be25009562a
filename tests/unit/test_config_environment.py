import itertools

import pytest

from falco import config_environment as environment
from falco.commands.arguments import build_parser
from falco.commands.options import Options, parse
from falco.config_schema import Config
from falco.config_values import BOOLEAN
from falco.priority import Priority

ODD = "'q' \"d\" {b} %x ;\n- y: &a"


def read(**variables):
    return environment.read(variables)


def values(found):
    return {key: given.value for key, given in found.settings.items()}


def said(found):
    return [str(problem) for problem in found.problems]


def test_every_setting_has_a_variable_of_its_own():
    names = [environment.variable(key) for key, _ in environment.every_setting()]
    assert len(names) == len(set(names)) > 100
    assert {"FALCO_LOG_LEVEL", "FALCO_WEBSERVER__LISTEN_PORT", "FALCO_FORWARDERS__KAFKA__BROKERS"} <= set(names)
    assert not set(names) & set(environment.OPTIONS)
    for key, _ in environment.every_setting():
        section = Config()
        for name in key.split("."):
            section = getattr(section, name)


def test_no_name_of_a_setting_or_option_is_a_service_link_unless_it_is_known():
    # What is known is looked up first, so a setting may even be called like a link.
    found = read(FALCO_WEBSERVER__LISTEN_PORT="1234")
    assert values(found) == {"webserver.listen_port": 1234} and not found.problems


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a,b", ("a", "b")),
        (" a , b ,", ("a", "b")),
        ("", ()),
        ('["a,b", "c"]', ("a,b", "c")),
        (' ["a"]', ("a",)),
        ("[]", ()),
        ("[1, true]", ("1", "true")),
    ],
)
def test_lists_are_json_or_have_commas(text, value):
    assert values(read(FALCO_RULES_FILE=text)) == {"rules_file": value}


@pytest.mark.parametrize("text", ["[a", '["a", ["b"]]', "[null]", "[abc].*"])
def test_what_begins_like_json_has_to_be_a_list_of_texts(text):
    found = read(FALCO_RULES_FILE=text)
    assert len(found.problems) == (text.startswith("[")) and "FALCO_RULES_FILE" in "".join(
        said(found) or ["FALCO_RULES_FILE"]
    )


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("FALCO_JSON_OUTPUT", "Yes", "json_output", True),
        ("FALCO_LOG_LEVEL", "info", "log_level", Priority.INFORMATIONAL),
        ("FALCO_OUTPUTS__RATE", ".5", "outputs.rate", 0.5),
        ("FALCO_FILE_OUTPUT__FILENAME", "", "file_output.filename", ""),
        ("FALCO_FILE_OUTPUT__FILENAME", ODD, "file_output.filename", ODD),
        ("FALCO_SYSCALL_EVENT_DROPS__ACTIONS", "log, exit", "syscall_event_drops.actions", ("log", "exit")),
    ],
)  # fmt: skip
def test_a_text_is_taken_as_its_setting_reads_it(name, text, key, value):
    found = read(**{name: text})
    assert values(found) == {key: value} and not found.problems
    assert found.settings[key].origin == name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("FALCO_JSON_OUTPUT", "", "true, false"),
        ("FALCO_JSON_OUTPUT", "maybe", "true, false"),
        ("FALCO_WEBSERVER__LISTEN_PORT", "65536", "a port number"),
        ("FALCO_LOG_LEVEL", "loud", "emergency"),
        ("FALCO_FILE_OUTPUT__FILENAME", "\udcff", "text"),
        ("FALCO_RULES_FILE", '["\\ud800"]', "a path"),
    ],
)
def test_a_bad_value_names_its_variable_and_what_was_expected(name, text, expected):
    found = read(**{name: text})
    assert not found.settings
    (message,) = said(found)
    assert name in message and expected in message


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("FALCO_LOGLEVEL", "FALCO_LOG_LEVEL"),
        ("FALCO_FORWARDERS__KAFKA__BROKER", "FALCO_FORWARDERS__KAFKA__BROKERS"),
        ("FALCO_KAFKA__SERVICE_HOST", ""),
        ("FALCO_K8SAPI", "FALCO_K8S_API"),
        ("FALCO_", ""),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, close):
    found = read(**{name: "1"})
    (problem,) = found.problems
    assert problem.severity == "error" and name in str(problem)
    assert not close or problem.nearest == close


@pytest.mark.parametrize(
    "name",
    [
        "FALCO_SERVICE_HOST", "FALCO_SERVICE_PORT", "FALCO_SERVICE_PORT_HTTP", "FALCO_PORT", "FALCO_PORT_8765_TCP",
        "FALCO_PORT_8765_TCP_ADDR", "FALCO_PORT_53_UDP_PROTO", "FALCO_AUDIT_SERVICE_HOST",
        "FALCO_AUDIT_PORT_443_TCP_PORT",
    ],
)  # fmt: skip
def test_links_to_services_are_passed_over(name):
    assert read(**{name: "tcp://10.0.0.1:8765"}) == environment.Environment({}, {}, ())


def test_a_link_that_looks_like_a_mistyped_setting_is_told():
    found = read(FALCO_WEBSERVER_LISTEN_PORT="tcp://10.0.0.1:80")
    (problem,) = found.problems
    assert problem.severity == "warning" and problem.nearest == "FALCO_WEBSERVER__LISTEN_PORT"
    assert not found.settings


def test_what_falco_reads_itself_and_what_is_not_ours_is_left_alone():
    found = read(
        FALCO_K8S_API="x", FALCO_MESOS_API="y", FALCO_HOSTNAME="h", FALCO_STATS_EXTRA_x="1", PATH="/", falco_x=""
    )
    assert found == environment.Environment({}, {}, ())


def test_a_secret_comes_from_a_file_and_its_text_is_never_shown(tmp_path):
    secret = tmp_path / "url"
    secret.write_text("https://hooks/T0/B0\n")
    found = read(FALCO_HTTP_OUTPUT__URL_FILE=str(secret))
    assert values(found) == {"http_output.url": "https://hooks/T0/B0"}
    assert found.settings["http_output.url"].origin == f"FALCO_HTTP_OUTPUT__URL_FILE ({secret})"
    found = read(FALCO_WEBSERVER__LISTEN_PORT_FILE=str(secret))
    assert "T0" not in said(found)[0] and "FALCO_WEBSERVER__LISTEN_PORT_FILE" in said(found)[0]


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    (message,) = said(read(FALCO_HTTP_OUTPUT__URL_FILE=str(tmp_path / "none")))
    assert "No such file" in message and "none" in message


@pytest.mark.parametrize(
    "plain", ["FALCO_HTTP_OUTPUT__URL", "FALCO_FORWARDERS__SLACK__URL", "FALCO_PRINT", "FALCO_RULES_FILE"]
)
def test_a_value_and_its_file_together_are_an_error(plain, tmp_path):
    path = tmp_path / "text"
    path.write_text("x")
    found = read(**{plain: "x", f"{plain}_FILE": str(path)})
    assert any(f"both {plain} and {plain}_FILE" in message for message in said(found))


def test_a_name_that_is_a_setting_is_that_setting_also_when_it_ends_in_file():
    found = read(FALCO_FORWARDERS__SLACK__URL_FILE="/none", FALCO_HEALTH_FILE="/run/h")
    assert values(found) == {"forwarders.slack.url_file": "/none", "health_file": "/run/h"} and not found.problems


def test_all_mistakes_are_told():
    assert len(read(FALCO_A="1", FALCO_LOG_LEVEL="x", FALCO_JSON_OUTPUT="").problems) == 3


def test_options_are_those_of_the_command():
    letters = {option for action in build_parser()._actions for option in action.option_strings}
    assert {letter for letter, _ in environment.OPTIONS.values()} <= letters
    found = read(
        FALCO_ALL_EVENTS="true", FALCO_CRI="/run/x.sock", FALCO_DISABLE='["-a.*", "b,c"]', FALCO_TAG="t1,t2",
        FALCO_DISABLE_TAG="-x", FALCO_PRINT="-%proc.name", FALCO_SNAPLEN="120", FALCO_DISABLE_SOURCE="k8s_audit",
    )  # fmt: skip
    options = parse(found.arguments, {})
    assert options == Options(
        all_events=True, cri=("/run/x.sock",), disable=("-a.*", "b,c"), tag=("t1", "t2"), disable_tag=("-x",),
        print="-%proc.name", snaplen=120, disable_source=("k8s_audit",), argv=options.argv,
    )  # fmt: skip


def test_an_option_that_is_off_is_not_given():
    switches = [name for name, (_, kind) in environment.OPTIONS.items() if kind is BOOLEAN]
    assert list(itertools.chain(*(read(**{name: "false"}).arguments for name in switches))) == []
