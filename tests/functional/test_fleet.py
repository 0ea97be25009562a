"""What build/kubernetes and build/compose hold: valid, without a variable that the container would refuse."""

import dataclasses
import re
import shlex
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from falco import config_environment
from falco.containers import k8s_api
from tests.appliance import test_container
from tests.documents.run_lines import least, mounts, of_compose, of_pod, of_words, privileged, puppet, without_mounts

BUILD = Path(__file__).resolve().parents[2] / "build"
MANIFESTS = (BUILD / "kubernetes/daemonset.yaml", BUILD / "kubernetes/with-api/rbac.yaml")
VERSIONS = ("1.25", "1.28", "1.31", "1.34", "1.37")
PAGES = [*BUILD.glob("kubernetes/**/*.*"), *BUILD.glob("compose/*")]


def resources():
    return [one for path in MANIFESTS for one in yaml.safe_load_all(path.read_text()) if one]


def template(path=MANIFESTS[0]):
    (found,) = [one for one in yaml.safe_load_all(path.read_text()) if one["kind"] == "DaemonSet"]
    return found["spec"]["template"]


def daemonset(path=MANIFESTS[0]):
    return template(path)["spec"]


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(version):
    found = resources()
    assert {"DaemonSet", "Service", "ConfigMap", "ServiceAccount", "ClusterRole"} <= {one["kind"] for one in found}
    for resource in found:
        kubernetes_validate.validate(resource, version, strict=True)


def test_the_checker_finds_what_is_wrong():
    resource = {**resources()[0], "speck": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(resource, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_variable_is_one_that_the_container_knows(path):
    # An ending in a sentence (`FALCO_X…`) is no name.
    names = set(re.findall(r"\bFALCO_[A-Z0-9_]+\b(?![…{])", path.read_text())) - {"FALCO_VERSION", "FALCO_"}
    unknown = [
        problem.message
        for problem in config_environment.read(dict.fromkeys(names, "/dev/null")).problems
        if "no variable" in problem.message or problem.severity == "warning"
    ]
    assert unknown == []


def test_the_daemonset_mounts_what_the_container_looks_for():
    spec = daemonset()
    (container,) = spec["containers"]
    places = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert {"/host/proc", "/host/run", "/host/etc/passwd", "/var/cache/falco", "/var/lib/falco", "/run/falco"} <= set(
        places
    )
    assert all(mount.get("readOnly") for path, mount in places.items() if path.startswith("/host"))
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in spec["volumes"]}
    assert spec["enableServiceLinks"] is False and spec["hostPID"] is True
    assert container["startupProbe"]["exec"]["command"][-1] == "falco.appliance.health"


def test_the_namespace_admits_what_the_daemonset_asks_for():
    (namespace,) = [one for one in resources() if one["kind"] == "Namespace"]
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}
    (container,) = daemonset()["containers"]
    # The API server refuses a container with SYS_ADMIN that may not gain privileges.
    assert "SYS_ADMIN" in container["securityContext"]["capabilities"]["add"]
    assert container["securityContext"]["allowPrivilegeEscalation"] is True


def test_the_patch_with_the_api_changes_the_daemonset_that_there_is():
    patch = daemonset(BUILD / "kubernetes/with-api/daemonset-patch.yaml")
    assert [one["name"] for one in patch["containers"]] == [one["name"] for one in daemonset()["containers"]]
    for folder in (BUILD / "kubernetes", BUILD / "kubernetes/with-api"):
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        for name in [*kustomization["resources"], *(patch["path"] for patch in kustomization.get("patches", ()))]:
            assert (folder / name).exists()


def test_the_role_allows_what_is_asked_and_nothing_else():
    (role,) = [one for one in resources() if one["kind"] == "ClusterRole"]
    allowed = {(name, verb) for rule in role["rules"] for name in rule["resources"] for verb in rule["verbs"]}
    owners = {(plural, "get") for _, plural, _ in k8s_api._OWNERS.values()}
    assert allowed == owners | {("namespaces", "get"), ("pods", "get"), ("services", "list")}


def test_every_way_to_run_it_with_the_least_privileges_grants_the_same():
    wanted = of_words(least())
    assert wanted.capabilities == {"SYS_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"} and wanted.dropped == {"ALL"}
    assert wanted.read_only and wanted.host_processes and all(one.endswith(":ro") for one in wanted.mounts)
    assert of_words(test_container.LEAST_OF_README) == wanted
    assert of_words(puppet("least")) == wanted
    assert of_compose(yaml.safe_load((BUILD / "compose/compose.yaml").read_text())["services"]["falco"]) == wanted
    pod = of_pod(template())
    # Kubernetes refuses SYS_ADMIN together with no-new-privileges. Its runtimes' sockets all lie below /run.
    socket = "/var/run/docker.sock:/host/var/run/docker.sock:ro"
    assert pod == dataclasses.replace(
        wanted,
        security=wanted.security - {"no-new-privileges"},
        mounts=wanted.mounts - {socket} | {"/run:/host/run:ro"},
    )


def test_both_ways_to_run_it_with_all_privileges_mount_the_same():
    assert mounts(puppet("privileged")) == mounts(puppet("least"))
    assert set(mounts(puppet("privileged"))) == set(mounts(privileged()))
    assert "--privileged" in puppet("privileged")


@pytest.mark.parametrize("name", ["Dockerfile", "rootfs/help.1"])
def test_the_line_that_runs_it_is_readmes_wherever_it_stands(name):
    # Lines go on behind a backslash: in the comment of one, in the roff of the other, which also escapes every dash.
    text = re.sub(r"\\e?\n#? *", "", (BUILD.parent / name).read_text().replace("\\-", "-"))
    (options,) = re.findall(r"docker run -d --name falco (.*) falco$", text, re.MULTILINE)
    words = shlex.split(options)
    assert without_mounts(words) == without_mounts(privileged())
    assert sorted(mounts(words)) == sorted(mounts(privileged()))


def test_the_page_has_a_row_for_every_file():
    folder = BUILD / "kubernetes"
    page = (folder / "README.md").read_text()
    for path in folder.iterdir():
        assert f"]({path.name}" in page or path.name == "README.md", path.name
