"""The user that PostgreSQL runs as, and what that user can reach.

PostgreSQL refuses to run as root. Root therefore gives it to a user without rights, and a home or a wheel inside a
folder of root's own gets a place in the system's state instead.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from db.binaries import Binaries, Origin

SYSTEM_STATE = Path("/var/lib/cairn")
ELSEWHERE = "Another place is set with CAIRN_STATE_DIR."


class CannotServe(Exception):
    """The server did not start; the message says why and where its log is."""


class Account(Struct, frozen=True):
    """The user that PostgreSQL runs as; it refuses to run as root."""

    uid: int
    gid: int


def serving(home: Path) -> Account:
    """Whoever the data in that home belongs to; where there is none yet ourselves, or for root a user without rights.

    Root takes nobody's data over: given to another user, it would be lost to its own. Anybody else is refused.
    """
    try:
        if os.getuid() == 0:
            return _owner_of_data(home.absolute()) or unprivileged()
        _refuse_what_belongs_to_others(home.absolute())
    except OSError as error:
        raise CannotServe(f"{home} cannot be entered ({error.strerror}). {ELSEWHERE}") from None
    return unprivileged()


def _owner_of_data(home: Path) -> Account | None:
    for place in places(home):
        if (place / "data").exists():
            found = (place / "data").stat()
            return Account(found.st_uid, found.st_gid) if found.st_uid else None
    return None


def _refuse_what_belongs_to_others(home: Path) -> None:
    for place in places(home):
        for folder in (place, place / "data"):
            if folder.exists() and (owner := folder.stat().st_uid) != os.getuid():
                raise CannotServe(f"{folder} belongs to {_name(owner)}. Start as that user or as root. {ELSEWHERE}")


def _name(uid: int) -> str:
    try:
        return f"the user {pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"the user {uid}"


def unprivileged() -> Account:
    """Ourselves, or for root a user without rights."""
    if os.getuid() != 0:
        return Account(os.getuid(), os.getgid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise CannotServe("PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as.")


def reachable_home(home: Path, account: Account) -> Path:
    """The home, made and given to the account; a system folder where the account cannot reach it.

    Where there is data already, no other place will do: an empty database would look as if everything were lost.
    """
    home = home.absolute()
    with_data = [place for place in places(home) if (place / "data").exists()]
    try:
        for place in with_data or places(home):
            if _made_reachable(place, account):
                return place
    except OSError as error:
        raise CannotServe(f"{home} cannot be written ({error.strerror}). {ELSEWHERE}") from None
    raise CannotServe(f"The user that PostgreSQL runs as cannot reach {home}, nor {SYSTEM_STATE}.")


def _made_reachable(place: Path, account: Account) -> bool:
    existed = place.exists()
    place.mkdir(parents=True, exist_ok=True)
    if place.parent == SYSTEM_STATE:
        SYSTEM_STATE.chmod(0o755)
    give(place, account)
    if may_enter(place, account):
        return True
    if not existed:
        place.rmdir()
    return False


def places(home: Path) -> tuple[Path, Path]:
    """Where a home may lie: where it was asked for, or in the system's state."""
    return home, SYSTEM_STATE / fingerprint(home)


def reachable_programs(chosen: Binaries, account: Account) -> Binaries:
    """The programs, or for a wheel inside a private folder (root's home, say) a copy that the account may run."""
    if may_enter(chosen.folder / "postgres", account):
        return chosen
    if chosen.origin is not Origin.WHEEL:
        raise CannotServe(f"The user that PostgreSQL runs as cannot run the programs in {chosen.folder}.")
    installation = chosen.folder.parent
    copied = SYSTEM_STATE / f"postgresql-{chosen.version}"
    if not copied.exists():
        _copy(installation, copied)
    folder = copied / installation.parent.name / installation.name / "bin"
    return Binaries(folder, chosen.version, chosen.origin)


def _copy(installation: Path, copied: Path) -> None:
    """Copy an installation and the libraries beside its wheel, at once or not at all; two may try at the same time."""
    half = copied.with_name(f"{copied.name}.{os.getpid()}")
    wheel = installation.parent
    libraries = wheel.with_name(f"{wheel.name}.libs")
    shutil.copytree(installation, half / wheel.name / installation.name, symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, half / libraries.name)
    for folder in (copied.parent, half, half / wheel.name):
        folder.chmod(0o755)
    try:
        half.rename(copied)
    except OSError:
        shutil.rmtree(half)


def leave_to_owner(path: Path) -> None:
    """What root made inside somebody's home is theirs, so that they can start there again; a link is not followed."""
    if os.getuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def give(folder: Path, account: Account) -> None:
    """Make a folder the account's own, closed to everybody else."""
    if os.getuid() == 0:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def may_enter(path: Path, account: Account) -> bool:
    """Whether the account can enter a folder or run a program, asked as that account."""
    return os.access(path, os.X_OK) if os.getuid() != 0 else run(["/usr/bin/test", "-x", path], account).returncode == 0


def run(command: Sequence[str | Path], account: Account) -> subprocess.CompletedProcess[str]:
    """Run a program to its end as that account, with nothing of the caller's environment or folder."""
    return subprocess.run(  # noqa: S603 - our own words and paths, without a shell
        command,
        user=account.uid,
        group=account.gid,
        extra_groups=[] if os.getuid() == 0 else None,
        env=environment(),
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def fingerprint(home: Path) -> str:
    """A short name for a home, the same at every start."""
    return hashlib.sha256(os.fsencode(home)).hexdigest()[:16]


def environment() -> dict[str, str]:
    """Nothing of the caller's: PGDATA, PGPORT or LD_LIBRARY_PATH of another installation would leak in."""
    return {"PATH": os.defpath, "LC_ALL": "C"}
