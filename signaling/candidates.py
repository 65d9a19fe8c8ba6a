"""The addresses in a session description: which of them may be sent to, and how to take them out.

Text only; a description is split into lines as aiortc splits it, or a line could hide from us and not from it.
"""

import ipaddress
from collections.abc import Callable, Iterable

from signaling.messages import Candidate

_LINE = "a=candidate:"


def is_reachable(candidate: str) -> bool:
    """Whether the mirror may send to a candidate: UDP, host or relay, an ordinary address and port.

    Names are not looked up. Loopback, link-local (where clouds keep their metadata), multicast and reserved addresses
    are passed over; those of a clinic's own network are not, because its patients' browsers may be there.
    """
    parts = candidate.split()
    if len(parts) < 8 or parts[2].lower() != "udp" or parts[6] != "typ" or parts[7] not in {"host", "relay"}:
        return False
    return parts[1] == "1" and _is_ordinary(parts[4]) and parts[5].isdecimal() and 1024 <= int(parts[5]) <= 65535


def kinds(sdp: str) -> list[str]:
    """What the media lines of a description are for, sorted."""
    return sorted(line[2:].split(" ")[0] for line in sdp.splitlines() if line.startswith("m="))


def kept(sdp: str, takes: Callable[[str], bool]) -> str:
    """A description with only the candidates that are taken, which is never said to be all of them."""
    return _joined(line for line in sdp.splitlines() if _is_kept(line, takes))


def apart(sdp: str) -> tuple[str, tuple[Candidate, ...]]:
    """A description without its candidates, and those of its first media line (the others are bundled with it)."""
    first = "\n".join(("", *sdp.splitlines())).split("\nm=")[1].split("\n")
    mid = next((line.removeprefix("a=mid:") for line in first if line.startswith("a=mid:")), None)
    found = (line.removeprefix("a=") for line in first if line.startswith(_LINE))
    return kept(sdp, lambda _: False), tuple(Candidate(line, mid, 0) for line in found)


def _is_kept(line: str, takes: Callable[[str], bool]) -> bool:
    if line.startswith(_LINE):
        return takes(line.removeprefix(_LINE))
    return not line.startswith("a=end-of-candidates")


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _is_ordinary(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return False
    return not (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
    )
