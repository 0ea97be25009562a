from __future__ import annotations

import inspect

import pytest

from falco.capture.live import bpf
from falco.capture.live.kernel import Kernel, Table


def declared(protocol):
    return {name: member for name, member in vars(protocol).items() if inspect.isfunction(member) and name[0] != "_"}


def test_a_map_is_asked_what_is_declared():
    assert declared(Table).keys() == {"lookup", "lookup_cpus", "update", "add", "delete", "close"}
    assert isinstance(Table.fd, property)


@pytest.mark.parametrize("name", declared(Kernel))
def test_the_real_kernel_takes_what_is_declared(name):
    wanted = list(inspect.signature(declared(Kernel)[name]).parameters)[1:]
    assert list(inspect.signature(getattr(bpf, name)).parameters) == wanted
