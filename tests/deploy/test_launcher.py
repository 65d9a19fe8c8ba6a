"""The first command that a newcomer types, in a small checkout of its own with a package made here and no network."""

import ast
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BASE_PYTHON = str(getattr(sys, "_base_executable", sys.executable))
PLAIN_PATH = "/usr/local/bin:/usr/bin:/bin"

# Stands for the product: says which interpreter runs it and what is installed there.
PRODUCT = """
import json, sys
from importlib.metadata import distributions

def main(arguments):
    ours = sorted(f"{d.name} {d.version}" for d in distributions() if d.name.startswith("lantern"))
    print(json.dumps({"arguments": arguments, "prefix": sys.prefix, "installed": ours}))
    return 0
"""
# Stands for what a start may install beside the environment.
NO_PARTS = "def prepare(environ, *, database): pass\n"
# Stands where pip or ensurepip would be, and cannot do anything.
BROKEN = "raise SystemExit(1)\n"


class Checkout:
    """A folder with our launcher, a lock file for one small package, and a person's own wheel folder."""

    def __init__(self, folder: Path, installer: str) -> None:
        self.folder = folder / "checkout"
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        for name in ("app/__init__.py", "app/__main__.py", "deploy/__init__.py", "deploy/launcher.py"):
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.folder / name)
        (self.folder / "tests").mkdir()
        (self.folder / "app" / "cli.py").write_text(PRODUCT)
        (self.folder / "deploy" / "parts.py").write_text(NO_PARTS)
        self.lock("1.0")
        self.environment = {"PATH": PLAIN_PATH, "HOME": str(folder), "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}
        self.environment |= {f"{tool}_FIND_LINKS": str(self.wheels) for tool in ("PIP", "UV")}
        if installer == "uv":
            self._offer_uv(folder / "programs")

    def lock(self, version: str, *, digest: str | None = None, path: str = "requirements.lock") -> None:
        """Make a release of the package and lock it."""
        wheel = a_wheel(self.wheels, version)
        found = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        (self.folder / path).write_text(f"lantern=={version} \\\n    --hash=sha256:{found}\n")

    def start(self, *words: str, python: str = BASE_PYTHON) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [python, "-m", "app", *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, python: str = BASE_PYTHON) -> tuple[int, str, str]:
        """The exit status, and what was said on both streams."""
        with self.start(*words, python=python) as process:
            out, err = process.communicate(timeout=120)
        return process.returncode, out, err

    def _offer_uv(self, programs: Path) -> None:
        programs.mkdir()
        uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
        assert uv, "uv is part of the development lock"
        (programs / "uv").symlink_to(uv)
        self.environment["PATH"] = f"{programs}:{PLAIN_PATH}"


def a_wheel(folder: Path, version: str) -> Path:
    """A package that does nothing, as small as the format allows and the same bytes each time."""
    wheel, about = folder / f"lantern-{version}-py3-none-any.whl", f"lantern-{version}.dist-info"
    files = {
        "lantern.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: lantern\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: by hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    records = [f"{name},sha256={record_hash(text)},{len(text)}" for name, text in files.items()]
    files[f"{about}/RECORD"] = "\n".join([*records, f"{about}/RECORD,,", ""])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return wheel


def record_hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture(params=["pip", "uv"])
def checkout(request: pytest.FixtureRequest, tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, request.param)


@pytest.fixture
def with_pip(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path, "pip")


def installed(out: str) -> list[str]:
    found: list[str] = json.loads(out)["installed"]
    return found


def test_the_first_start_builds_the_environment_and_continues_inside_it(checkout: Checkout) -> None:
    status, out, err = checkout.run("api", "--port", "8000")

    assert status == 0, err
    assert json.loads(out) == {
        "arguments": ["api", "--port", "8000"],
        "prefix": str(checkout.folder / ".venv"),
        "installed": ["lantern 1.0"],
    }
    assert "Installing 1 package of requirements.lock" in err


def test_a_warm_start_installs_nothing(checkout: Checkout) -> None:
    checkout.run("api")
    shutil.rmtree(checkout.wheels)

    status, out, err = checkout.run("api")

    assert (status, installed(out), err) == (0, ["lantern 1.0"], "")


def test_the_environments_own_python_serves_as_well(checkout: Checkout) -> None:
    checkout.run("api")
    checkout.lock("1.1")

    status, out, _ = checkout.run("api", python=str(checkout.folder / ".venv" / "bin" / "python"))

    assert (status, installed(out)) == (0, ["lantern 1.1"])


def test_a_changed_lock_file_is_installed_at_the_next_start(checkout: Checkout) -> None:
    checkout.run("api")
    checkout.lock("2.0")

    status, out, _ = checkout.run("api")

    assert (status, installed(out)) == (0, ["lantern 2.0"])


def test_what_an_interrupted_build_left_is_built_anew(checkout: Checkout) -> None:
    half = checkout.folder / ".venv"
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").write_text("half of an interpreter")

    status, out, err = checkout.run("api")

    assert status == 0, err
    assert installed(out) == ["lantern 1.0"]


def test_an_environment_whose_python_has_gone_is_built_anew(with_pip: Checkout) -> None:
    with_pip.run("api")
    python = with_pip.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to(with_pip.folder / "uninstalled")

    assert with_pip.run("api")[0] == 0


def test_two_starts_at_once_build_it_once(checkout: Checkout) -> None:
    both = [checkout.start("api"), checkout.start("worker")]
    said = [process.communicate(timeout=120) for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert sum("Installing" in err and "done" in err for _, err in said) == 1
    assert [installed(out) for out, _ in said] == [["lantern 1.0"]] * 2


def test_a_package_whose_hash_is_another_is_refused_and_the_next_start_tries_again(checkout: Checkout) -> None:
    checkout.lock("1.0", digest="0" * 64)
    status, out, err = checkout.run("api")
    assert (status, out) == (2, "")
    assert re.search("hash", err, re.IGNORECASE)

    checkout.lock("1.0")
    assert checkout.run("api")[0] == 0


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(with_pip: Checkout) -> None:
    (with_pip.folder / ".venv.lock").mkdir()

    status, out, err = with_pip.run("api")

    assert (status, out) == (2, "")
    assert err.startswith(f"{with_pip.folder} cannot be written (Is a directory)")
    assert len(err.splitlines()) == 1


def test_the_development_environment_is_good_enough_to_serve(with_pip: Checkout) -> None:
    with_pip.lock("1.0", path="tests/requirements.lock")
    (with_pip.folder / "deploy" / "testing.py").write_text("from app.cli import main\n")

    status, out, err = with_pip.run("test", "-k", "alerts")
    assert status == 0, err
    assert json.loads(out)["arguments"] == ["-k", "alerts"]

    assert "Installing" not in with_pip.run("api")[2]


def test_without_ensurepip_the_machines_own_pip_installs(with_pip: Checkout, tmp_path: Path) -> None:
    if subprocess.run([BASE_PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("this machine's Python has no pip of its own")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ensurepip.py").write_text(BROKEN)
    with_pip.environment["PYTHONPATH"] = str(tmp_path / "broken")

    status, out, err = with_pip.run("api")

    assert (status, installed(out)) == (0, ["lantern 1.0"]), err


def test_a_python_that_can_install_nothing_is_told_what_would_help(with_pip: Checkout, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    for name in ("ensurepip.py", "pip.py"):
        (tmp_path / "broken" / name).write_text(BROKEN)
    with_pip.environment["PYTHONPATH"] = str(tmp_path / "broken")

    status, _, err = with_pip.run("api")

    assert status == 2
    assert "python3-venv" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("words", [[], ["--help"], ["help"]])
def test_the_list_of_commands_needs_no_environment(with_pip: Checkout, words: list[str]) -> None:
    status, out, err = with_pip.run(*words)

    assert (status, err) == (0, "")
    assert {"up", "demo", "test", "lock"} <= set(out.split())
    assert not (with_pip.folder / ".venv").exists()


def test_an_unknown_command_gets_one_sentence(with_pip: Checkout) -> None:
    status, out, err = with_pip.run("serve")

    assert (status, out) == (2, "")
    assert err == "There is no command 'serve'; `python3 -m app` lists them.\n"


def test_an_older_python_gets_one_sentence() -> None:
    older = "import runpy, sys; sys.version_info = (3, 8, 18); runpy.run_module('app', {}, '__main__')"
    told = subprocess.run([sys.executable, "-c", older, "up"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert told.returncode == 2
    assert told.stderr == "Cairn needs Python 3.11 or newer, and this python3 is 3.8.\n"


@pytest.mark.parametrize("name", ["app/__init__.py", "app/__main__.py"])
def test_an_older_python_can_read_what_it_is_given(name: str) -> None:
    ast.parse((ROOT / name).read_text(), feature_version=(3, 8))
