"""Actions on the network, all of it a loopback interface in a namespace of its own: nothing leaves the machine."""

from __future__ import annotations

import os
import socket

from falco_event_generator.action import Act, Action
from falco_event_generator.scene import NAME, PYTHON, Scene

HERE, THERE, METADATA = "10.111.0.1", "192.0.2.9", "169.254.169.254"


def connects(address: str, port: int, source: str = "") -> Act:
    """Connect to a port of an address, where a socket of this process waits."""

    def act(scene: Scene) -> str:
        scene.with_addresses(_addresses(address, source), lambda: _connect(address, port, source))
        return f"{address}:{port}"

    return act


def connects_inside(address: str, port: int) -> Act:
    """The same, in what looks like a container."""

    def act(scene: Scene) -> str:
        code = (
            "import socket, sys\nlistener = socket.create_server((sys.argv[1], int(sys.argv[2])))\n"
            "client = socket.create_connection(listener.getsockname())"
        )
        argv = [str(PYTHON), "-IS", "-c", code, address, str(port)]
        scene.with_addresses(_addresses(address), lambda: scene.in_container(lambda: os.execv(PYTHON, argv)))
        return f"{address}:{port}"

    return act


def has_a_shell_connect(address: str) -> Act:
    """bash connects by itself."""

    def act(scene: Scene) -> str:
        def there() -> None:
            with socket.create_server((address, 0)) as listener:
                port = listener.getsockname()[1]
                scene.run(["/bin/bash", "-c", f"exec 3<>/dev/tcp/{address}/{port}; : {NAME}"])

        scene.with_addresses(_addresses(address), there)
        return address

    return act


def sends(address: str, port: int) -> Act:
    """Send a datagram."""

    def act(scene: Scene) -> str:
        def there() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(b"x", (address, port))

        scene.with_addresses(_addresses(address), there)
        return f"{address}:{port}"

    return act


def duplicates_to(number: int) -> Act:
    """Make a connection the descriptor of this number."""

    def act(scene: Scene) -> str:
        def there() -> None:
            with (
                socket.create_server(("127.0.0.1", 0)) as listener,
                socket.create_connection(listener.getsockname()) as client,
            ):
                os.dup2(client.fileno(), number)

        scene.child(there)
        return "127.0.0.1"

    return act


def opens_socket(family: int, kind: int) -> Act:
    def act(scene: Scene) -> str:
        socket.socket(family, kind).close()
        return socket.AddressFamily(family).name

    return act


def connects_to_file(name: str) -> Act:
    """Connect to a unix socket of this name."""

    def act(scene: Scene) -> str:
        path = str(scene.place / name)
        with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
            listener.bind(path)
            listener.listen(1)
            client.connect(path)
        return path

    return act


def _addresses(*addresses: str) -> list[str]:
    return ["127.0.0.1", *(one for one in dict.fromkeys(addresses) if one and not one.startswith("127."))]


def _connect(address: str, port: int, source: str) -> None:
    with socket.create_server((address, port)) as listener:
        origin = (source, 0) if source else None
        with socket.create_connection((address, port), source_address=origin):
            listener.accept()[0].close()


ACTIONS = (
    Action("Disallowed SSH Connection", connects(HERE, 22), connects(HERE, 2222), "the port",
           ("allowed_ssh_hosts", "(never_true)")),
    Action("Unexpected outbound connection destination", connects(HERE, 8102), connects("8.8.8.8", 8102),
           "the address is allowed", ("consider_all_outbound_conns", "(fd.sport=8102)")),
    Action("Unexpected inbound connection source", connects(HERE, 8103, THERE), connects(HERE, 8103, HERE),
           "the address is allowed", ("consider_all_inbound_conns", "(fd.sport=8103)")),
    Action("System procs network activity", has_a_shell_connect(HERE), has_a_shell_connect("127.0.0.1"),
           "the address is this host's"),
    Action("Interpreted procs inbound network activity", connects(HERE, 8128), connects("127.0.0.1", 8128),
           "the address is this host's", ("consider_interpreted_inbound", "(fd.sport=8128)")),
    Action("Interpreted procs outbound network activity", connects(HERE, 8129), connects("127.0.0.1", 8129),
           "the address is this host's", ("consider_interpreted_outbound", "(fd.sport=8129)")),
    Action("Unexpected UDP Traffic", sends(HERE, 8130), sends(HERE, 53), "the port",
           ("do_unexpected_udp_check", "(always_true)")),
    Action("Contact EC2 Instance Metadata Service From Container", connects_inside(METADATA, 80),
           connects_inside("169.254.169.253", 80), "the address", ("ec2_metadata_containers", "(never_true)")),
    Action("Contact K8S API Server From Container", connects_inside("1.2.3.4", 8080), connects_inside("1.2.3.4", 8081),
           "the port"),
    Action("Unexpected K8s NodePort Connection", connects_inside(HERE, 30080), connects_inside(HERE, 29080), "the port",
           ("nodeport_containers", "(never_true)")),
    Action("Network Connection as Standard Stream", duplicates_to(0), duplicates_to(30), "the descriptor"),
    Action("Packet or Virtual Machine Socket Opened", opens_socket(socket.AF_PACKET, socket.SOCK_RAW),
           opens_socket(socket.AF_NETLINK, socket.SOCK_RAW), "the family"),
    Action("Container Engine Socket Used", connects_to_file("docker.sock"), connects_to_file("dock.sock"), "the name"),
)  # fmt: skip
