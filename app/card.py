"""What a person sees when everything runs: where to look, whom to be, what to try."""

from collections.abc import Sequence

from app.access import leading
from app.demo.cast import CAST
from app.setup import WayBack
from app.stack import Ready

WITHOUT_PAGE = "not there: its packages are not installed; the next start tries again"
_SHOWN = ("maya", "sam", "dana", "okafor", "lindqvist", "rosa", "kai")


def text(ready: Ready) -> str:
    """The card."""
    url = ready.site.public_url
    lines = [
        "",
        f"  Cairn is ready{' with demo people' if ready.site.demo else ''}.",
        "",
        f"  web        {f'{url}/' if ready.page else WITHOUT_PAGE}",
        f"  API docs   {url}/docs",
        f"  health     {url}/health/ready",
        f"  database   {ready.database.told}",
        f"  push       {ready.pushing}",
        f"  letters    {ready.posting}",
        "",
        *(_people(url, page=ready.page) if ready.site.demo else first(ready.setup_link, page=ready.page)),
        "",
        "  Ctrl-C stops everything.",
        "",
    ]
    return "\n".join(lines)


def _people(url: str, *, page: bool) -> list[str]:
    """One link a person: it opens the page as them. Without the page, the way in for a program alone."""
    shown = {p.handle: p for p in CAST if p.handle in _SHOWN}
    rows = [f"    {_role(shown[h].roles):<22}{shown[h].name:<22}{url}/#demo={h}" for h in _SHOWN]
    body = '{"person":"maya"}'
    curl = f"curl -s {url}/v1/demo/sign-ins -H 'Content-Type: application/json' -d '{body}'; echo"
    return [*(["  Sign in as", *rows, ""] if page else []), "  Try", f"    {curl}"]


def _role(roles: tuple[str, ...]) -> str:
    role = leading(roles)
    return {"peer": "peer supporter", "primary-care": "primary-care doctor"}.get(role, role.replace("-", " "))


def first(link: str | None, *, page: bool) -> list[str]:
    """How the first operator comes in, where there is none yet."""
    if link is None:
        return ["  This server has its operator."]
    when = "" if page else " It opens the page, so start again once that is there."
    return [f"  Nobody is here yet. This link makes the first operator, once, within 24 hours.{when}", f"    {link}"]


def ways_back(ways: Sequence[WayBack]) -> list[str]:
    """How each operator comes in again."""
    if not ways:
        return ["There is no operator yet; `python3 -m app migrate` prints the link that makes the first one."]
    lines = [line for way in ways for line in (f"  {way.name}, {way.organisation}", f"    {way.url}")]
    return ["Each of these signs in one operator, once, within 48 hours:", *lines]
