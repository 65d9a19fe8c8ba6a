"""The optional parts of a start: PostgreSQL's programs, Node.js and the web page's packages, each only when missing."""

import importlib
import shutil
import sys
from collections.abc import Mapping, Sequence

from db import binaries
from db.binaries import Binaries
from deploy import launcher, npm

# The settings that name a database elsewhere; each may also come from a file.
ADDRESSES = (
    *("CAIRN_DATABASE_URL", "CAIRN_DATABASE_URL_FILE"),
    *("CAIRN_DATABASE_OWNER_URL", "CAIRN_DATABASE_OWNER_URL_FILE"),
)


def prepare(environ: Mapping[str, str], *, database: bool) -> None:
    """Install what this machine lacks to serve, PostgreSQL only where a database may be started here.

    A web page that cannot be prepared is said and does not stop it.
    """
    if database and needs_postgres(environ, binaries.found()):
        launcher.add("postgres")
        importlib.invalidate_caches()
    try:
        prepare_page(everything=False)
    except (launcher.CannotPrepare, OSError) as problem:  # a checkout that its user may not write to serves as well
        print(f"The web page will not be there; everything else is.\n{problem}", file=sys.stderr)


def prepare_page(*, everything: bool) -> None:
    """Install the web page's packages, with those that only its checks need when everything is asked."""
    if not npm.needed(everything=everything):
        return
    if shutil.which("npm") is None:
        launcher.add("node")
        importlib.invalidate_caches()
    npm.install(everything=everything)


def needs_postgres(environ: Mapping[str, str], installed: Sequence[Binaries]) -> bool:
    """Whether a database has to be started here and no PostgreSQL is installed that could."""
    return not installed and not any(environ.get(name) for name in ADDRESSES)
