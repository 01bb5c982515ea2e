"""Make .venv with the pinned packages. Standard library only: it runs before anything is installed.

    python3 scripts/prepare.py requirements.txt [requirements-dev.txt]
    .venv/bin/python scripts/prepare.py --browser

The first form does nothing when the files have not changed since the last time. The second finds a Chromium for the
browser tests, or installs it where that is possible, and Lighthouse; what cannot be had is skipped.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
LIGHTHOUSE = ROOT / "tests" / "browser" / "lighthouse"


def main(arguments: list[str]) -> None:
    if sys.version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        sys.exit(
            f"Clientele needs Python {wanted} or newer; this is {sys.version.split()[0]}.\n"
            f"Choose another one: make PYTHON=python{wanted} run"
        )
    if arguments == ["--browser"]:
        find_browser()
        install_lighthouse()
    else:
        install([ROOT / name for name in arguments])


def install(requirements: list[Path]) -> None:
    """Install what `requirements` pin, unless the last run installed exactly that, or more."""
    needed = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in requirements}
    stamp = VENV / "installed"
    done = dict(line.split() for line in stamp.read_text().splitlines()) if stamp.exists() else {}
    if PYTHON.exists() and needed.items() <= done.items():
        return
    if not PYTHON.exists():
        print("Making .venv", flush=True)
        try:
            venv.create(VENV, with_pip=True, clear=VENV.exists())
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(
                f"Cannot make {VENV}: {error}\nOn Debian or Ubuntu, `apt-get install python3-venv` may be missing."
            )
    print("Installing the pinned packages; the first time takes a minute or two", flush=True)
    stamp.unlink(missing_ok=True)
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "install", "--require-hashes", "--no-deps"]
    for path in requirements:
        if subprocess.run([*pip, "-r", str(path)], cwd=ROOT, check=False).returncode:
            sys.exit(f"The packages of {path.name} could not be installed; pip says above why.")
    stamp.write_text("".join(f"{name} {digest}\n" for name, digest in {**done, **needed}.items()))


def find_browser() -> None:
    """Say which Chromium the browser tests will drive; install Debian's where we may."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium for the browser tests", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            if subprocess.run(["apt-get", *command], env=environment, check=False).returncode:
                break
        else:
            return
    print("There is no Chromium here, so the browser tests are skipped. Install the package `chromium` to run them.")


def install_lighthouse() -> None:
    """Install what `package-lock.json` pins by hash, unless it lies there already."""
    lock, installed = LIGHTHOUSE / "package-lock.json", LIGHTHOUSE / "node_modules" / "installed"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if installed.exists() and installed.read_text() == digest:
        return
    if shutil.which("npm"):
        print("Installing Lighthouse for the browser tests", flush=True)
        if subprocess.run(["npm", "ci", "--loglevel=error"], cwd=LIGHTHOUSE, check=False).returncode == 0:
            installed.write_text(digest)
            return
    print("Lighthouse is not here, so its test is skipped. It needs Node.js 18 or newer, with npm.")


if __name__ == "__main__":
    main(sys.argv[1:])
