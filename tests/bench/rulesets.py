"""Rule sets of any size for the benchmarks: ten kinds of rules as people write them, each about another thing."""

from __future__ import annotations

_HEAD = """
- macro: bench_open_write
  condition: evt.type in (open, openat) and evt.is_open_write=true and fd.typechar='f' and fd.num>=0
- macro: bench_open_read
  condition: evt.type in (open, openat) and evt.is_open_read=true and fd.typechar='f' and fd.num>=0
- macro: bench_spawned
  condition: evt.type=execve and evt.dir=<
- macro: bench_container
  condition: container.id != host
- macro: bench_outbound
  condition: evt.type=connect and evt.dir=< and (fd.typechar=4 or fd.typechar=6) and fd.net != "127.0.0.0/8"
- list: bench_shells
  items: [bash, dash, sh, zsh, ksh, csh]
"""

_KINDS = (
    "bench_open_write and fd.directory in (/opt/app{n}/bin, /opt/app{n}/sbin) and not proc.name in (dpkg{n}, rpm{n})",
    "bench_open_write and fd.name startswith /srv/data{n}/ and not proc.pname=backup{n}",
    "bench_open_read and fd.name=/etc/secret{n}.conf and not proc.name in (agent{n}, vault{n})",
    "bench_open_read and fd.name contains secret{n} and proc.name != agent{n}",
    "bench_spawned and proc.name in (tool{n}, tool{n}x) and not proc.pname in (bench_shells)",
    "bench_spawned and bench_container and proc.args contains payload{n}",
    "bench_spawned and proc.pname=server{n} and proc.name in (bench_shells)",
    "bench_outbound and fd.sport={port} and not proc.name=client{n}",
    "bench_outbound and bench_container and fd.snet in ('10.{n8}.0.0/16') and not proc.name=proxy{n}",
    "evt.type in (unlink, unlinkat, rename, renameat, rmdir) and evt.dir=< and evt.arg.name startswith /var/log/app{n}",
)


def rules(count: int) -> str:
    """A rules file of count rules, none of which is about anything in the shipped captures."""
    items = [_HEAD]
    for n in range(count):
        condition = _KINDS[n % len(_KINDS)].format(n=n, n8=n % 256, port=20000 + n)
        items.append(
            f"- rule: bench rule {n}\n  desc: A rule to measure with.\n"
            f'  condition: "{condition}"\n'
            f'  output: "bench {n} (user=%user.name command=%proc.cmdline file=%fd.name)"\n'
            "  priority: WARNING\n"
        )
    return "\n".join(items)
