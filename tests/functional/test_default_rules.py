"""What holds of the shipped rules files as such: names, priorities, tags, words that users know, how they load."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest
import yaml

from tests.conftest import TESTS

RULES = TESTS.parent / "rules"
DEFAULT = RULES / "falco_rules.yaml"
ITEMS = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
ORDERED = [item for item in ITEMS if "rule" in item]
with (TESTS / "attack_techniques.csv").open(encoding="utf-8") as _table:
    TACTICS = {row["technique"]: set(row["tactics"].split()) for row in csv.DictReader(_table)}
ALL_TACTICS = {
    "reconnaissance", "resource_development", "initial_access", "execution", "persistence", "privilege_escalation",
    "defense_evasion", "credential_access", "discovery", "lateral_movement", "collection", "command_and_control",
    "exfiltration", "impact",
}  # fmt: skip
SUBJECTS = {
    "aws", "cis", "container", "database", "file", "filesystem", "host", "k8s", "network", "process", "shell",
    "software_mgmt", "users",
}  # fmt: skip
OF_015 = """
NOTICE Disallowed SSH Connection
NOTICE Unexpected outbound connection destination
NOTICE Unexpected inbound connection source
WARNING Modify Shell Configuration File
WARNING Read Shell Configuration File
NOTICE Schedule Cron Jobs
NOTICE Update Package Repository
ERROR Write below binary dir
ERROR Write below monitored dir
ERROR Read ssh information
ERROR Write below etc
ERROR Write below root
WARNING Read sensitive file trusted after startup
WARNING Read sensitive file untrusted
ERROR Write below rpm database
NOTICE DB program spawned process
ERROR Modify binary dirs
ERROR Mkdir binary dirs
NOTICE Change thread namespace
DEBUG Run shell untrusted
INFO Launch Privileged Container
INFO Launch Sensitive Mount Container
WARNING Launch Disallowed Container
INFO System user interactive
NOTICE Terminal shell in container
NOTICE System procs network activity
NOTICE Program run with disallowed http proxy env
NOTICE Interpreted procs inbound network activity
NOTICE Interpreted procs outbound network activity
NOTICE Unexpected UDP Traffic
NOTICE Non sudo setuid
NOTICE User mgmt binaries
ERROR Create files below dev
NOTICE Contact EC2 Instance Metadata Service From Container
NOTICE Contact K8S API Server From Container
NOTICE Unexpected K8s NodePort Connection
ERROR Launch Package Management Process in Container
WARNING Netcat Remote Code Execution in Container
NOTICE Lauch Suspicious Network Tool in Container
NOTICE Launch Suspicious Network Tool on Host
WARNING Search Private Keys or Passwords
WARNING Clear Log Activities
WARNING Remove Bulk Data from Disk
WARNING Delete Bash History
NOTICE Set Setuid or Setgid bit
NOTICE Create Hidden Files or Directories
"""
"""Rules of 0.15 in its order, which decides whose alert an event gives."""
CONDITIONS_OF_015 = {
    "allowed_ssh_hosts": "ssh_port",
    "consider_all_outbound_conns": "(never_true)",
    "consider_all_inbound_conns": "(never_true)",
    "consider_shell_config_reads": "(never_true)",
    "consider_all_cron_jobs": "(never_true)",
    "consider_ssh_reads": "(never_true)",
    "consider_interpreted_inbound": "(never_true)",
    "consider_interpreted_outbound": "(never_true)",
    "consider_network_tools_on_host": "(never_true)",
    "consider_all_chmods": "(never_true)",
    "consider_hidden_file_creation": "(never_true)",
    "do_unexpected_udp_check": "(never_true)",
    "user_known_write_etc_conditions": "proc.name=confd",
    "user_known_write_root_conditions": "fd.name=/root/.bash_history",
    "user_known_write_monitored_dir_conditions": "(never_true)",
    "user_known_non_sudo_setuid_conditions": "user.name=root",
    "user_read_sensitive_file_conditions": "cmp_cp_by_passwd",
    "user_shell_container_exclusions": "(never_true)",
    "user_trusted_containers": "(container.image.repository=sysdig/agent)",
    "user_sensitive_mount_containers": "(container.image.repository=sysdig/agent)",
    "allowed_containers": "(container.id exists)",
    "allowed_ssh_proxy_env": "(always_true)",
    "known_user_in_container": '(container and user.name != "N/A")',
    "ec2_metadata_containers": "container",
    "nodeport_containers": "container",
    "k8s_api_server": '(fd.sip="1.2.3.4" and fd.sport=8080)',
}
"""Macros that users override, and what they mean until then."""
LISTS_OF_015 = {
    "allowed_outbound_destination_ipaddrs": ['"127.0.0.1"', '"8.8.8.8"'],
    "allowed_outbound_destination_networks": ['"127.0.0.1/8"'],
    "allowed_outbound_destination_domains": ["google.com", "www.yahoo.com"],
    "allowed_inbound_source_ipaddrs": ['"127.0.0.1"'],
    "allowed_inbound_source_networks": ['"127.0.0.1/8"', '"10.0.0.0/8"'],
    "allowed_inbound_source_domains": ["google.com"],
    "user_known_change_thread_namespace_binaries": [],
    "user_known_shell_spawn_binaries": [],
}
WORDS = {
    "allowed_dev_files", "container", "container_started", "k8s_containers", "known_setuid_binaries", "open_read",
    "open_write", "sensitive_files", "shell_binaries", "spawned_process", "user_mgmt_binaries",
}  # fmt: skip
"""Further macros and lists that users' rules refer to."""


def test_the_rules_of_015_come_first_in_its_order_with_its_priorities():
    rows = [line.split(" ", 1) for line in OF_015.split("\n") if line]
    found = [[item["priority"], item["rule"]] for item in ORDERED]
    assert len(rows) == 46
    assert found[:46] == rows
    assert len(found) > 46


def test_names_are_given_once():
    for kind in ("rule", "macro", "list"):
        names = [item[kind] for item in ITEMS if kind in item]
        assert len(names) == len(set(names))


def test_what_users_override_means_what_it_did():
    macros = {item["macro"]: item["condition"].strip() for item in ITEMS if "macro" in item}
    lists = {item["list"]: item["items"] for item in ITEMS if "list" in item}
    assert {name: macros.get(name) for name in CONDITIONS_OF_015} == CONDITIONS_OF_015
    assert {name: lists.get(name) for name in LISTS_OF_015} == LISTS_OF_015
    assert macros.keys() | lists.keys() > WORDS
    assert "ash" in lists["shell_binaries"]


@pytest.mark.parametrize("item", ORDERED, ids=[item["rule"] for item in ORDERED])
def test_tags_are_of_attack(item):
    tags = set(item["tags"])
    tactics = {tag.removeprefix("mitre_") for tag in tags if tag.startswith("mitre_")}
    (technique,) = (tag for tag in tags if tag.startswith("T1"))
    assert tactics & TACTICS[technique]
    assert tactics <= ALL_TACTICS
    assert {tag for tag in tags if not tag.startswith(("mitre_", "T1"))} <= SUBJECTS


@pytest.mark.parametrize("name", ["falco_rules.yaml", "falco_rules.local.yaml", "application_rules.yaml"])
def test_a_file_loads_without_a_word(name):
    """Behind the default rules, as it is used."""
    files = [DEFAULT] if name == DEFAULT.name else [DEFAULT, RULES / name]
    command = [sys.executable, "-m", "falco.cli", *(word for file in files for word in ("-V", str(file)))]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=TESTS.parent)
    assert (done.stdout.strip(), done.stderr) == ("Ok", "")
