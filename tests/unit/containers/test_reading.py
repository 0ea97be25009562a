import json

import pytest

from falco.containers import reading
from falco.state.container_events import compose
from falco.state.containers import Container, Mount
from falco.state.limits import MAX_CONTAINER_JSON


def test_values_of_another_type_are_empty():
    row = {"a": 1, "b": None, "c": ["x", 1, None, "y"], "d": [{"k": 1}, 3], "e": {"x": "y", "n": 1}}
    assert (reading.text(row, "a"), reading.text(row, "b"), reading.text(row, "z")) == ("", "", "")
    assert reading.texts(row, "c") == ("x", "y") and reading.texts(row, "a") == ()
    assert list(reading.rows(row, "d")) == [{"k": 1}] and list(reading.rows(row, "a")) == []
    assert reading.labels(reading.section(row, "e")) == {"x": "y"}


def test_a_section_that_is_not_there_is_empty():
    assert reading.section({"a": {"b": {"c": 1}}}, "a", "b") == {"c": 1}
    rows: tuple[object, ...] = ({}, {"a": 1}, {"a": {"b": []}}, [], None, 7)
    for row in rows:
        assert reading.section(row, "a", "b") == {}


def test_long_values_are_cut():
    assert len(reading.text({"a": "x" * 10_000}, "a")) == reading.LONGEST_TEXT
    assert len(reading.texts({"a": ["x"] * 10_000}, "a")) == reading.MOST
    assert len(reading.labels({str(n): "x" for n in range(10_000)})) == reading.MOST
    assert len(list(reading.rows({"a": [{}] * 10_000}, "a"))) == reading.MOST


def test_all_texts_of_a_list_are_bounded_together():
    assert reading.texts({"a": ["x" * 4000] * 100}, "a") == ("x" * 4000,) * (reading.MOST_TEXT // 4000)


def test_a_long_command_is_one_word():
    assert reading.argv(None) is None and reading.argv(()) == () and reading.argv(("a", "b c")) == ("a", "b c")
    assert reading.argv(("sh", "-c", "x" * 5000)) == ("sh -c " + "x" * (reading.LONGEST_TEXT - 6),)
    assert reading.argv(("x",) * 100_000) == ("x " * (reading.LONGEST_TEXT // 2),)


@pytest.mark.parametrize("raw", [b'{"a": {"b": [1, "x"]}}', '{"a": {"b": [1, "x"]}}'])
def test_an_answer_is_read(raw):
    assert reading.parse(raw) == {"a": {"b": [1, "x"]}}


@pytest.mark.parametrize("raw", [b"", "[1]", b"[", b'{"a": \xff}', b"null", "x"])
def test_an_answer_that_is_no_object(raw):
    with pytest.raises(ValueError, match=r"\S"):
        reading.parse(raw)


@pytest.mark.parametrize("values", [{str(n): "" for n in range(50_000)}, [[]] * 200_000, [{}] * 200_000, [0] * 300_000])
def test_an_answer_of_too_many_values_is_not_read(values):
    text = json.dumps({"a": values})
    for raw in (text, text.encode()):
        with pytest.raises(reading.TooManyValuesError):
            reading.parse(raw)


def test_thousands_of_labels_are_read():
    labels = {f"label{number}": "value" for number in range(10_000)}
    assert reading.parse(json.dumps({"a": labels})) == {"a": labels}


@pytest.mark.parametrize("letter", ["\U0001f600", "ü", "\x01", '"'])
@pytest.mark.parametrize("long", [4000, 8])
def test_an_event_that_tells_of_a_container_is_never_too_long(letter, long):
    labels = reading.labels({f"{number}" + letter * long: letter * long for number in range(5000)})
    mounts = reading.mounts(Mount(letter * long, "/x", "", False, "") for _ in range(reading.MOST))
    texts = dict.fromkeys(("name", "image", "image_id", "repository", "tag", "digest"), letter * reading.LONGEST_TEXT)
    healthcheck = reading.argv((letter * long,) * 4000)
    assert labels and mounts and healthcheck
    container = Container("c", 0, labels=labels, mounts=mounts, healthcheck=healthcheck, **texts)
    assert len(compose(container)) < MAX_CONTAINER_JSON


def test_what_no_utf_8_can_hold_is_replaced():
    assert reading.clean("a\ud800ü") == "a?ü"
