"""Found by every Python of a test through PYTHONPATH: refuses and notes what does not go to this machine.

The file that the variable TESTS_NOTE_ATTEMPTS names gets a line for each process, and one for each attempt.
"""

import errno
import ipaddress
import os
import sys

_NOTES = os.environ.get("TESTS_NOTE_ATTEMPTS", "")
_SENDING = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKING_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


def _note(line):
    handle = os.open(_NOTES, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(handle, f"{line}\n".encode("utf-8", "replace"))
    os.close(handle)


def _is_here(host):
    if host in (None, "", "localhost", b"localhost"):
        return True
    try:
        return ipaddress.ip_address(host if isinstance(host, str) else host.decode()).is_loopback
    except ValueError:
        return False


def _refuse(event, arguments):
    if event in _SENDING:
        address = arguments[1]
        if not isinstance(address, tuple) or _is_here(address[0]):
            return
    elif event not in _LOOKING_UP or _is_here(arguments[0]):
        return
    _note(f"attempt {event} {arguments!r} by {sys.argv!r}")
    raise OSError(errno.ENETUNREACH, "This test lets nothing out of the machine")


if _NOTES:
    _note(f"process {' '.join(sys.orig_argv)!r}")
    sys.addaudithook(_refuse)
