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


def test_an_event_that_tells_of_a_container_is_never_too_long():
    labels = reading.labels({f"{number}" + "\U0001f600" * 4000: "\U0001f600" * 4000 for number in range(1000)})
    mounts = reading.mounts(Mount("ü" * 4000, "/x", "", False, "") for _ in range(1000))
    texts = dict.fromkeys(("name", "image", "image_id", "repository", "tag", "digest"), "ü" * reading.LONGEST_TEXT)
    assert labels and mounts
    assert len(compose(Container("c", 0, labels=labels, mounts=mounts, **texts))) < MAX_CONTAINER_JSON  # type: ignore[arg-type]


def test_what_no_utf_8_can_hold_is_replaced():
    assert reading.clean("a\ud800ü") == "a?ü"
