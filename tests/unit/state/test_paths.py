import pytest

from falco.state.fds import FdInfo, FdType
from falco.state.paths import AT_FDCWD, MAX_PATH, PATH_TOO_LONG, base_directory, directory, join
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
