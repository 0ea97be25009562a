"""Dockerfile.rhel is not built here: Red Hat's images are out of reach. It is held against the one that is."""

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
DEBIAN, RHEL = PROJECT / "Dockerfile", PROJECT / "Dockerfile.rhel"
COUNTERPARTS = {"python3-bpfcc": "python3-bcc", "python3-yaml": "python3-pyyaml", "netbase": ""}
"""Packages with another name there; what netbase brings belongs to setup, which every UBI has."""


def instructions(path):
    """The instructions of a Dockerfile, each with its continuation lines in one."""
    text = "".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith("#"))
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def of_kind(path, kind):
    return [rest for name, rest in instructions(path) if name == kind]


def test_both_images_get_the_same_files():
    own = {"--from=root / /", "--from=stubs /out/ /", "LICENSE NOTICE /licenses/"}
    llvm = "--from=root /usr/lib/x86_64-linux-gnu/libLLVM-14.so.1 /usr/lib/llvm-14/lib/libclang-cpp.so.14 /llvm/"
    debian, rhel = ({one for one in of_kind(path, "COPY") if one not in {*own, llvm}} for path in (DEBIAN, RHEL))
    assert debian == rhel and "rootfs/ /" in rhel


def test_both_images_start_stop_and_are_looked_after_alike():
    for kind in ("ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "VOLUME", "ARG"):
        assert of_kind(DEBIAN, kind) == of_kind(RHEL, kind) != [], kind
    assert [one for one in of_kind(DEBIAN, "RUN") if "ln -s" in one] == [
        one for one in of_kind(RHEL, "RUN") if "ln -s" in one
    ]


def test_both_images_have_the_same_labels_and_help():
    def labels(path):
        (found,) = of_kind(path, "LABEL")
        return dict(re.findall(r'([\w.]+)="([^"]*)"', found))

    debian, rhel = labels(DEBIAN), labels(RHEL)
    base = "org.opencontainers.image.base.name"
    assert {**debian, base: ""}.items() <= {**rhel, base: ""}.items()
    assert {"name", "summary", "description", "vendor", "version", "release", "run"} <= set(rhel)
    shown = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", PROJECT / "rootfs/help.1"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert not shown.stderr and "ENVIRONMENT" in re.sub(r".\x08", "", shown.stdout)


def test_every_package_of_one_image_is_in_the_other():
    def packages(path):
        return set(re.findall(r"^#   ([a-z0-9-]+) {2,}", path.read_text(), re.MULTILINE))

    wanted = {COUNTERPARTS.get(name, name) for name in packages(DEBIAN)} - {""}
    assert packages(RHEL) == wanted
    for path in (DEBIAN, RHEL):
        installed = " ".join(of_kind(path, "RUN"))
        assert all(re.search(rf"(?<![\w-]){name}(?![\w-])", installed) for name in packages(path))


def test_both_install_what_forwarders_need_and_falco_in_the_same_way():
    def command(path):
        return [
            re.sub(r"--break-system-packages|--prefix /usr/local", "", one).split()
            for one in of_kind(path, "RUN")
            if "pip install" in one and "--no-index" in one
        ]

    assert command(DEBIAN) == command(RHEL) != []
