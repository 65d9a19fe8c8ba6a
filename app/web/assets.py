"""The page's files, read once: our own, and of its packages the few that it loads.

All of them lie under one version that is made from what is in them, so a browser may keep each for ever.
"""

import gzip
import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

HERE = Path(__file__).parent
# What is served of the packages; nothing else of node_modules can be reached.
VENDOR = {
    "vendor/preact.js": "preact/dist/preact.module.js",
    "vendor/hooks.js": "preact/hooks/dist/hooks.module.js",
    "vendor/htm.js": "htm/dist/htm.module.js",
    "vendor/uplot.js": "uplot/dist/uPlot.esm.js",
    "vendor/uplot.css": "uplot/dist/uPlot.min.css",
    "vendor/figtree.woff2": "@fontsource-variable/figtree/files/figtree-latin-wght-normal.woff2",
    "vendor/fraunces.woff2": "@fontsource-variable/fraunces/files/fraunces-latin-opsz-normal.woff2",
}
MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
_IMPORT_MAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)


class NotInstalled(Exception):
    """The page's packages are not there."""


class Asset(Struct, frozen=True):
    """A file as it is sent; `packed` is the same for a browser that takes gzip, where that is smaller."""

    content: bytes
    packed: bytes
    media_type: str


class Site(Struct, frozen=True):
    """The page, its files by name, and the hash by which its import map is allowed to run."""

    page: bytes
    version: str
    files: dict[str, Asset]
    import_map: str


@cache
def site() -> Site:
    """Everything the page consists of; raises `NotInstalled` until its packages are there, and then looks again."""
    own = {path.relative_to(HERE / "static").as_posix(): path for path in sorted((HERE / "static").rglob("*.*"))}
    found = {**own, **{name: HERE / "node_modules" / path for name, path in VENDOR.items()}}
    try:
        contents = {name: path.read_bytes() for name, path in found.items()}
    except FileNotFoundError:
        raise NotInstalled from None
    version = version_of(contents)
    page = contents.pop("index.html").replace(b"{version}", version.encode())
    return Site(page, version, {name: _asset(name, content) for name, content in contents.items()}, _hash(page))


def is_installed() -> bool:
    """Whether the page's packages are there."""
    try:
        site()
    except NotInstalled:
        return False
    return True


def version_of(contents: dict[str, bytes]) -> str:
    """A name for exactly these files with exactly this in them."""
    whole = sha256()
    for name, content in sorted(contents.items()):
        whole.update(name.encode() + b"\0" + sha256(content).digest())
    return whole.hexdigest()[:16]


def _asset(name: str, content: bytes) -> Asset:
    packed = gzip.compress(content, mtime=0)
    return Asset(content, packed if len(packed) < len(content) else b"", MEDIA_TYPES[Path(name).suffix])


def _hash(page: bytes) -> str:
    """The import map is the page's only inline script, and this is the only one that may run."""
    found = _IMPORT_MAP.search(page)
    return f"'sha256-{b64encode(sha256(found[1] if found else b'').digest()).decode()}'"
