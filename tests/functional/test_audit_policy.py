"""The audit policy for API servers: whatever a rule fires on is still there after an API server has applied it."""

from __future__ import annotations

import fnmatch
import json
from typing import Any

import pytest
import yaml

from falco.commands import rules
from falco.commands.options import Options
from falco.k8s_audit.document import read_document
from tests.conftest import TESTS
from tests.functional.test_k8s_audit_rules import CASES, SHIPPED, event_of

FILES = TESTS.parent / "build" / "kubernetes"
POLICY = yaml.safe_load((FILES / "audit-policy.yaml").read_text(encoding="utf-8"))
SECRETS = ("secrets", "tokenreviews")


def level(event):
    """What the policy says about an event, as an API server reads it: the first rule that fits it."""
    return next(rule["level"] for rule in POLICY["rules"] if fits(rule, event))


def fits(rule, event):
    user, target = event["user"], event.get("objectRef", {})
    wanted = (
        ("users", lambda names: user["username"] in names),
        ("userGroups", lambda names: set(user.get("groups", ())) & set(names)),
        ("verbs", lambda names: event["verb"] in names),
        ("namespaces", lambda names: target.get("namespace", "") in names),
        (
            "nonResourceURLs",
            lambda paths: not target and any(fnmatch.fnmatchcase(event["requestURI"], p) for p in paths),
        ),
        ("resources", lambda groups: bool(target) and any(covers(group, target) for group in groups)),
    )
    return all(test(rule[key]) for key, test in wanted if key in rule)


def covers(group, target):
    if group["group"] != target.get("apiGroup", ""):
        return False
    name = "/".join(filter(None, (target["resource"], target.get("subresource", ""))))
    return not group.get("resources") or name in group["resources"]


def applied(event) -> dict[str, Any] | None:
    """The event with as much of it as the policy leaves."""
    found = level(event)
    if found == "None" or event["stage"] in POLICY["omitStages"]:
        return None
    left = {"Metadata": ("requestObject", "responseObject"), "Request": ("responseObject",), "RequestResponse": ()}[
        found
    ]
    return {key: value for key, value in event.items() if key not in left}


@pytest.mark.parametrize("rule", CASES)
def test_a_rule_fires_on_what_the_policy_leaves(rule, tmp_path, captures):
    (tmp_path / "local.yaml").write_text(CASES[rule].get("local", ""))
    ready = rules.load(Options(), [str(SHIPPED), str(tmp_path / "local.yaml")])
    fired = 0
    for line in CASES[rule]["fires"]:
        left = applied(event_of(captures, line).json)
        if left is None:
            continue
        (event,) = read_document(json.dumps(left)).events
        found = ready.audit.match(event)
        assert found is not None
        assert found.name == rule
        fired += 1
    assert fired, "the policy leaves none of the events out of which the rule gives an alert"


def test_no_secret_is_written():
    for resource in SECRETS:
        group = "authentication.k8s.io" if resource == "tokenreviews" else ""
        event = {"user": {"username": "x"}, "verb": "create", "requestURI": "/",
                 "objectRef": {"resource": resource, "apiGroup": group}}  # fmt: skip
        assert level(event) == "Metadata"


def test_the_files_point_at_what_falco_listens_on():
    webhook = yaml.safe_load((FILES / "audit-webhook.yaml").read_text(encoding="utf-8"))
    settings = yaml.safe_load((TESTS.parent / "rootfs/etc/falco/falco.yaml").read_text(encoding="utf-8"))["webserver"]
    server = webhook["clusters"][0]["cluster"]["server"]
    assert server == f"http://127.0.0.1:{settings['listen_port']}{settings['k8s_audit_endpoint']}"
    assert webhook["current-context"] == webhook["contexts"][0]["name"]
    assert webhook["contexts"][0]["context"] == {"cluster": webhook["clusters"][0]["name"], "user": "apiserver"}
    kubeadm = yaml.safe_load((FILES / "kubeadm.yaml").read_text(encoding="utf-8"))["apiServer"]
    (volume,) = kubeadm["extraVolumes"]
    named = [each["value"] for each in kubeadm["extraArgs"] if each["name"].endswith("-file")]
    assert [value.removeprefix(volume["mountPath"] + "/") for value in named] == [
        "audit-policy.yaml",
        "audit-webhook.yaml",
    ]
    kops = yaml.safe_load((FILES / "kops.yaml").read_text(encoding="utf-8"))["spec"]
    paths = [each["path"] for each in kops["fileAssets"]]
    assert [kops["kubeAPIServer"]["auditPolicyFile"], kops["kubeAPIServer"]["auditWebhookConfigFile"]] == paths
