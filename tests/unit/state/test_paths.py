import pytest
from hypothesis import given
from hypothesis import strategies as st

from falco.state.fds import FdInfo, FdType
from falco.state.paths import AT_FDCWD, MAX_PATH, PATH_TOO_LONG, base_directory, below, directory, follow, join
from falco.state.threads import ThreadInfo


@pytest.mark.parametrize(
    ("base", "path", "joined"),
    [
        ("/home/u/", "x", "/home/u/x"),
        ("/home/u/", "/etc/passwd", "/etc/passwd"),
        ("/home/u/", "../v/x", "/home/v/x"),
        ("/home/u/", "./x", "/home/u/x"),
        ("/home/u/", "a/./b/../c", "/home/u/a/c"),
        ("/home/u/", "../../../../x", "/x"),
        ("/home/u/", "..", "/home"),
        ("/home/u/", ".", "/home/u"),
        ("/home/u/", "", "/home/u"),
        ("/", "", "/"),
        ("/", "..", "/"),
        ("/", "x", "/x"),
        ("/home/u/", "a//b///c", "/home/u/a/b/c"),
        ("/home/u/", "a/", "/home/u/a"),
        ("/home/u/", "/", "/"),
        ("/home/u/", "//etc//passwd", "/etc/passwd"),
        ("/home/u/", "/..", "/"),
        ("", "x", "x"),
        ("", "../x", "x"),
        ("<UNKNOWN>", "x", "<UNKNOWN>x"),
        ("<UNKNOWN>", "../x", "x"),
        ("/a/b", "x", "/a/bx"),  # The base is taken as it is: without its slash it is no directory.
        ("/a/", ".hidden", "/a/.hidden"),
        ("/a/", "..x/...", "/a/..x/..."),
        ("/a/", "foo../bar", "/a/foo../bar"),
        ("/a/", "foo./bar", "/a/foo./bar"),
        ("/a/", "x\ny\x7fz\x01", "/a/x.y.z."),
        ("/a/", "é/日", "/a/é/日"),
        ("/a/", "\udcff", "/a/\udcff"),
    ],
)
def test_join(base, path, joined):
    assert join(base, path) == joined


@pytest.mark.parametrize(
    ("base", "path", "fits"),
    [
        ("", "/" + "x" * (MAX_PATH - 2), True),
        ("", "/" + "x" * (MAX_PATH - 1), False),
        ("/" + "b" * MAX_PATH + "/", "/x", True),
        ("/b/", "x" * (MAX_PATH - 4), True),
        ("/b/", "x" * (MAX_PATH - 3), False),
    ],
)
def test_join_has_a_limit(base, path, fits):
    assert (join(base, path) != PATH_TOO_LONG) is fits


@pytest.mark.parametrize(
    ("dirfd", "path", "base"),
    [
        (AT_FDCWD, "x", "/home/u/"),
        (AT_FDCWD, "/x", ""),
        (3, "x", "/etc/"),
        (3, "/x", ""),
        (4, "x", "/"),
        (5, "x", "/a file/"),
        (99, "x", "<UNKNOWN>"),
        (99, "/x", ""),
    ],
)
def test_base_directory(dirfd, path, base):
    thread = ThreadInfo(7, 7)
    thread.cwd = "/home/u/"
    thread.fds = {
        3: FdInfo(FdType.DIRECTORY, "/etc"),
        4: FdInfo(FdType.DIRECTORY, "/"),
        5: FdInfo(FdType.FILE_V2, "/a file"),  # A dirfd need not be a directory to be glued on.
    }
    assert base_directory(thread, dirfd, path) == base


def test_base_directory_is_the_process_own():
    main, thread = ThreadInfo(7, 7), ThreadInfo(8, 7)
    thread.main, main.cwd, thread.cwd = main, "/main/", "/other/"
    assert base_directory(thread, AT_FDCWD, "x") == "/main/"


@pytest.mark.parametrize(("name", "named"), [("/a", "/a/"), ("/", "/"), ("/a/", "/a/"), ("", "/")])
def test_directory(name, named):
    assert directory(name) == named


@pytest.mark.parametrize(
    ("base", "path", "joined"),
    [
        ("/", "", "/"),
        ("/a/", "b", "/a/b"),
        ("/a", "../..", "/"),
        ("/a", ".//b/./c/..", "/a/b"),
        ("/root", "/..//x", "/root/x"),
        ("/", "/a\tb", "/a\tb"),
    ],
)
def test_below_keeps_characters_and_stays_in_the_root(base, path, joined):
    assert below(base, path) == joined


LINKS = {"/l": "/d/e", "/d/up": "..", "/d/e/f": "g", "/r/l": "/x", "/loop": "/loop"}


@pytest.mark.parametrize(
    ("base", "path", "root", "last", "found"),
    [
        ("/", "l", "/", False, "/l"),
        ("/", "l", "/", True, "/d/e"),
        ("/", "l/", "/", False, "/d/e"),
        ("/", "l/..", "/", False, "/d"),
        ("/d", "up/l/f", "/", True, "/d/e/g"),
        ("/d", "up/../..", "/", False, "/"),
        ("/r", "l/y", "/r", False, "/r/x/y"),
        ("/r", "/../l/../../y", "/r", False, "/r/y"),
        ("/r", "../y", "/r", False, "/r/y"),
        ("/", "loop/x", "/", False, None),
    ],
)
def test_follow_walks_as_a_kernel_does(base, path, root, last, found):
    assert follow(base, path, root, LINKS.get, last) == found


@given(st.text("a./", max_size=20), st.text("ab", min_size=1, max_size=3).map("/{}".format))
def test_without_links_a_walk_ends_where_the_text_says(path, base):
    assert follow(base, path, base if path.startswith("/") else "/", lambda _: None, True) == below(base, path)


@given(st.sampled_from(("/", "/a", "/a/b", "/a/.b", "a", "/a/")), st.text("ab./\n", max_size=6))
def test_what_needs_no_tidying_is_put_together_alike(base, path):
    tidied = path if path in ("", "/") else f"/.{path}" if path.startswith("/") else f"./{path}"
    assert below(base, path) == below(base, tidied)
