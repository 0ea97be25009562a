from __future__ import annotations

import pytest

from falco.fields import audit_forms
from falco.fields.audit_forms import NO_VALUE

PRIVILEGED = {"image": "b", "securityContext": {"privileged": True}}
IMAGE = "host:5000/shop/web:1.2@sha256:ff"
CONTAINERS = [{"image": IMAGE}, PRIVILEGED, {"name": "no image"}]
ODD: tuple[object, ...] = ("text", 5, None, True, {}, [], [5], ["text"], {"a": []}, {"a": {"image": 5}})


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), ({"b": 1, "a": ["ü", None]}, '{"a":["ü",null],"b":1}'), (True, "true"), (3, "3"), (None, "null")],
)
def test_what_is_no_string_becomes_json(value, text):
    assert audit_forms.as_text(value) == text


def test_images():
    found = [audit_forms.image(CONTAINERS, key) for key in ("", "0", "1", "2", "3", "9" * 30)]
    assert found == [IMAGE, IMAGE, "b", NO_VALUE, NO_VALUE, NO_VALUE]


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("nginx", "nginx"),
        ("nginx:1.17", "nginx"),
        ("host:5000/shop/web:1.2", "host:5000/shop/web"),
        ("host:5000/web", "host:5000/web"),
        ("web@sha256:ff", "web"),
        ("web:1@sha256:ff", "web"),
    ],
)
def test_repositories(image, repository):
    assert audit_forms.repository([{"image": image}], "") == repository


def test_privileged_containers():
    found = [audit_forms.any_privileged(CONTAINERS, key) for key in ("", "0", "1", "7")]
    assert found == ["true", "false", "true", "false"]
    assert audit_forms.any_privileged(CONTAINERS[:1], "") == "false"


def test_names_of_subjects():
    subjects = [{"name": "joe"}, {"kind": "Group"}]
    assert [audit_forms.has_name(subjects, key) for key in ("joe", "jo", "N/A")] == ["true", "false", "false"]


@pytest.mark.parametrize(("glob", "found"), [("/etc", "true"), ("/usr/*", "true"), ("/us", "false"), ("*", "true")])
def test_paths_of_the_host(glob, found):
    volumes = [{"emptyDir": {}}, {"hostPath": {"path": "/etc"}}, {"hostPath": {"path": "/usr/local/bin"}}]
    assert audit_forms.host_path(volumes, glob) == found


def test_one_property_of_each_rule():
    rules = [{"verbs": ["get", "list"]}, {"resources": ["pods"]}, {"verbs": ["*"]}]
    verbs = audit_forms.of_each("verbs")
    assert verbs(rules, "") == '["get","list"] N/A ["*"]'
    assert [verbs(rules, key) for key in ("0", "1", "2", "3")] == ['["get","list"]', "N/A", '["*"]', "N/A"]


def test_one_element_or_all():
    assert [audit_forms.item([{"port": 80}, 5], key) for key in ("", "0", "1", "2")] == [
        '[{"port":80},5]',
        '{"port":80}',
        "5",
        NO_VALUE,
    ]


@pytest.mark.parametrize(
    ("uri", "value"),
    [
        ("/exec?command=ls+-l&stdin=true", "true"),
        ("/exec?st%64in=tr%75e", "true"),
        ("/exec?stdin=a=b", NO_VALUE),
        ("/exec?stdout=true", NO_VALUE),
        ("/exec?a=b?stdin=true", NO_VALUE),
        ("/exec", NO_VALUE),
    ],
)
def test_query_parameters(uri, value):
    assert audit_forms.query_parameter(uri, "stdin") == value


@pytest.mark.parametrize("value", ODD, ids=repr)
def test_no_shape_of_a_value_is_an_error(value):
    forms = (
        audit_forms.as_text,
        audit_forms.item,
        audit_forms.image,
        audit_forms.repository,
        audit_forms.any_privileged,
        audit_forms.has_name,
        audit_forms.host_path,
        audit_forms.of_each("verbs"),
        audit_forms.query_parameter,
    )
    assert all(isinstance(form(value, key), str) for form in forms for key in ("", "0"))
