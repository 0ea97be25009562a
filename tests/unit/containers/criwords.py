"""Answers of a CRI runtime, put together by the numbers of its API."""

from __future__ import annotations

import json

from falco.containers import wire

ID, SANDBOX = "a" * 64, "b" * 64


def pairs(number, values):
    return [(number, wire.encode((1, key), (2, value))) for key, value in values.items()]


def container(identity=ID, image="reg/web:1.2", reference="sha256:" + "c" * 64, info=None, mounts=(), labels=None):
    """A ContainerStatusResponse; mounts are (source, destination, readonly, propagation)."""
    status = wire.encode(
        (1, identity),
        (2, wire.encode((1, "main"))),
        (8, wire.encode((1, image))),
        (9, reference),
        *pairs(12, labels or {}),
        *((14, wire.encode((1, d), (2, s), (3, int(ro)), (5, p))) for s, d, ro, p in mounts),
    )
    shown = {"sandboxID": SANDBOX} if info is None else info
    return wire.encode((1, status), *pairs(2, {"info": shown if isinstance(shown, str) else json.dumps(shown)}))


def sandbox(identity=SANDBOX, ip="10.1.2.3", labels=None, info="{}"):
    """A PodSandboxStatusResponse."""
    status = wire.encode(
        (1, identity),
        (2, wire.encode((1, "web-1"), (2, "uid-1"), (3, "shop"))),
        (5, wire.encode((1, ip))),
        *pairs(7, {"app": "shop"} if labels is None else labels),
    )
    return wire.encode((1, status), *pairs(2, {"info": info}))


def version(name="containerd"):
    """A VersionResponse."""
    return wire.encode((1, "0.1.0"), (2, name), (3, "1.6.20"), (4, "v1"))
