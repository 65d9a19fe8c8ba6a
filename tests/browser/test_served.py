"""What the page consists of, as it is served; no browser is needed for that."""

import gzip
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.web import assets
from deploy import npm
from tests.world import World

pytestmark = pytest.mark.usefixtures("packages")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The page in a folder of the test's own, where its packages are not installed."""
    shutil.copytree(assets.HERE / "static", tmp_path / "static")
    monkeypatch.setattr(assets, "HERE", tmp_path)
    assets.site.cache_clear()
    yield tmp_path
    assets.site.cache_clear()


async def test_everything_that_the_page_names_is_served_for_ever_and_from_here(world: World) -> None:
    page = await world.nobody().get("/")

    named = re.findall(r'(?:href|src)="([^"]+)"|: "(/[^"]+)"', page.text)
    addresses = [one or other for one, other in named]
    assert len(addresses) > 10
    for address in addresses:
        answer = await world.nobody().get(address)
        assert address.startswith("/assets/")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")


async def test_every_module_that_a_module_names_is_served(world: World) -> None:
    files = assets.site().files

    for name, one in files.items():
        if name.endswith(".js") and not name.startswith("vendor/"):
            for named in re.findall(r'from "(\.[^"]+)"', one.content.decode()):
                assert str(Path("/", name).parent.joinpath(named).resolve())[1:] in files, (name, named)


async def test_the_policy_allows_our_own_scripts_and_one_import_map(world: World) -> None:
    policy = (await world.nobody().get("/")).headers["content-security-policy"]

    assert re.search(r"script-src 'self' 'sha256-[A-Za-z0-9+/]{43}=';", policy)
    assert "connect-src 'self' ws://cairn.test;" in policy
    assert "unsafe" not in policy


async def test_only_what_is_listed_can_be_reached(world: World) -> None:
    version = assets.site().version

    for path in (f"{version}/../routes.py", f"{version}/vendor/package.json", f"{version}/index.html", "0/main.js"):
        assert (await world.nobody().get(f"/assets/{path}")).status_code == 404, path
    assert (await world.nobody().get(f"/assets/{version}/..%2f..%2froutes.py")).status_code == 404


async def test_a_browser_that_takes_gzip_gets_the_same_file_smaller(world: World) -> None:
    address = f"/assets/{assets.site().version}/vendor/uplot.js"

    packed = await world.nobody().get(address, headers={"accept-encoding": "gzip"})
    plain = await world.nobody().get(address, headers={"accept-encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content == gzip.decompress(assets.site().files["vendor/uplot.js"].packed)


async def test_a_changed_file_has_another_address(elsewhere: Path) -> None:
    shutil.copytree(
        Path(__file__).parents[2] / "app" / "web" / "node_modules", elsewhere / "node_modules", symlinks=True
    )
    before = assets.site().version
    elsewhere.joinpath("static", "main.js").write_text("// Nothing.")
    assets.site.cache_clear()

    assert assets.site().version != before


async def test_without_its_packages_the_page_says_so_and_is_there_once_they_are(world: World, elsewhere: Path) -> None:
    answer = await world.nobody().get("/")

    assert answer.status_code == 503
    assert "python3 -m app up" in answer.text
    assert (await world.nobody().get("/sw.js")).status_code == 404
    assert (await world.nobody().get("/assets/0/main.js")).status_code == 404
    shutil.copytree(
        Path(__file__).parents[2] / "app" / "web" / "node_modules", elsewhere / "node_modules", symlinks=True
    )
    assert (await world.nobody().get("/")).status_code == 200


def test_the_types_of_every_module_hold() -> None:
    node = shutil.which("node") or npm.command()[0]
    compiler = assets.HERE / "node_modules" / "typescript" / "bin" / "tsc"

    checked = subprocess.run(
        [node, compiler, "--project", assets.HERE / "jsconfig.json"], capture_output=True, text=True, check=False
    )

    assert checked.stdout == ""
    assert checked.returncode == 0


def test_every_word_is_used_and_said_in_both_languages() -> None:
    static = assets.HERE / "static"
    sources = "".join(path.read_text("utf-8") for path in static.rglob("*.js") if path.parent.name != "words")
    # Such as `visit.${phase}`, and the group of a code that the API sends.
    groups = {one or other for one, other in re.findall(r'`([\w.]+)\.\$\{|tCode\("([\w.]+)"', sources)}

    assert _keys("es") == _keys("en")
    single = [key for key in _keys("en") if not key.startswith(tuple(f"{group}." for group in groups))]
    assert [key for key in single if f'"{key}"' not in sources] == []


def _keys(language: str) -> list[str]:
    text = (assets.HERE / "static" / "words" / f"{language}.js").read_text("utf-8")
    return re.findall(r'^  "?([\w.-]+)"?:', text, flags=re.MULTILINE)
