from __future__ import annotations

from falco.commands.arguments import build_parser

OF_0_15 = [
    "-h --help -c -A -b --print-base64 --cri --disable-cri-async -d --daemon -D -e -i --ignored-events -k --k8s-api",
    "-K --k8s-api-cert",
    "-L -l --list -m --mesos-api -M -N -o --option -p --print -P --pidfile -r -s --stats_interval -S --snaplen",
    "--support -T -t -U --unbuffered -V --validate -v --version -w --writefile",
]


def test_every_option_of_0_15_is_there():
    known = {name for action in build_parser()._actions for name in action.option_strings}
    assert set(" ".join(OF_0_15).split()) <= known


def test_every_option_has_help():
    assert [action.option_strings for action in build_parser()._actions if not action.help] == []
