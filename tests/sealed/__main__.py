"""``python -m tests.sealed FOLDER COMMAND...``: runs a command where nothing but this machine itself can be reached.

Its processes live in a network namespace of their own (namespaces(7)) that has the loopback device and no route to
anywhere, so that the kernel refuses whatever they try, in whatever language, and counts it. Pythons among them note
what they try themselves. FOLDER gets `report.json`: the command's exit status, its output, and what was tried.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

from tests.conftest import stop_service
from tobs_tui.config.paths import Paths

_NEW_NAMESPACES = 0x1000_0000 | 0x4000_0000 | 0x0002_0000  # CLONE_NEWUSER, CLONE_NEWNET, CLONE_NEWNS (sched.h)
_BIND, _PRIVATE = 0x1000, 0x4000 | 0x40000  # MS_BIND; MS_REC and MS_PRIVATE (mount.h)
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP (netdevice(7))
_NOBODY = "nameserver 192.0.2.1\noptions timeout:1 attempts:1\n"  # RFC 5737: an address of nobody's
HOOK = Path(__file__).with_name("hook")


def _called(status: int) -> None:
    if status != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def leave_network(folder: Path) -> None:
    """Cut this process, and those that it starts, off from every network. Raises OSError where the system does not let
    it: namespaces may be forbidden to users."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    _called(libc.unshare(_NEW_NAMESPACES))
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, _GET_FLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", request)[1]
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", flags | _UP))
    # Names are asked of somebody out there, not of a server on this machine, whose questions nobody would see.
    resolver = Path("/etc/resolv.conf")
    if resolver.exists():
        mine = folder / "resolv.conf"
        mine.write_text(_NOBODY)
        _called(libc.mount(b"none", b"/", None, _PRIVATE, None))
        _called(libc.mount(bytes(mine), bytes(resolver.resolve()), None, _BIND, None))


def refused_by_kernel() -> int:
    """How often a process in this namespace had no route to where it wanted."""
    names, values = (line.split() for line in Path("/proc/self/net/snmp").read_text().splitlines()[:2])
    found = int(dict(zip(names, values, strict=True))["OutNoRoutes"])
    six = Path("/proc/self/net/snmp6")
    lines = (line.split() for line in (six.read_text().splitlines() if six.exists() else ()))
    return found + sum(int(value) for name, value in lines if name == "Ip6OutNoRoutes")


def main(folder: Path, command: list[str]) -> None:
    """Run the command, end the demo's service if it started one, and report."""
    notes = folder / "attempts"
    sealed = True
    try:
        leave_network(folder)
    except OSError as error:
        print(f"no namespace: {error}", file=sys.stderr)
        sealed = False
    before = refused_by_kernel()
    environment = {**os.environ, "PYTHONPATH": str(HOOK), "TESTS_NOTE_ATTEMPTS": str(notes)}
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=280
    )
    if home := os.environ.get("TOBS_HOME"):
        stop_service(Paths.resolve(demo=True, home=Path(home)))
    lines = notes.read_text().splitlines() if notes.exists() else []
    report = {
        "sealed": sealed,
        "status": done.returncode,
        "output": done.stdout,
        "errors": done.stderr,
        "refused": refused_by_kernel() - before,
        "attempts": [line for line in lines if line.startswith("attempt")],
        "processes": [line for line in lines if line.startswith("process")],
    }
    (folder / "report.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
