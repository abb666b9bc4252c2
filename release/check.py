"""Build a release twice, compare, check and install it: ``python release/check.py VERSION``.

Needs the dependency group ``release``; leaves wheel and sdist in ``dist``. Nothing is uploaded. With
``--short`` it is built once, and installed without extras under this Python alone, in under a minute.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from email import message_from_string
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

ROOT = Path(__file__).parents[1]
OLDEST = (3, 11)
SMOKE = """
import genloss as gl
curve = gl.predict(gl.Problem.isotropic(50), gl.Plan.replace(3, 100, noise=0.5))
assert curve.risk.round(4).tolist() == [0.2551, 0.5102, 0.7653], curve.risk
assert gl.__version__ == {version!r}, gl.__version__
"""


def run(*words: str | Path, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What a command prints; it must succeed."""
    words = tuple(map(str, words))
    done = subprocess.run(words, cwd=cwd, env=env, check=False, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def built(version: str, place: Path) -> dict[str, Path]:
    """Sdist and wheel of what is committed, in a folder of its own; the wheel is made from the sdist."""
    source, out = place / "source", place / "dist"
    with tarfile.open(fileobj=BytesIO(archive())) as files:
        files.extractall(source, filter="data")
    stamp = run("git", "log", "-1", "--format=%ct").strip()
    environment = os.environ | {
        "SOURCE_DATE_EPOCH": stamp,
        "SETUPTOOLS_SCM_PRETEND_VERSION_FOR_GENLOSS": version,
    }
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source]
    run(*build, env=environment)
    return {path.name: path for path in out.iterdir()}


def archive() -> bytes:
    words = ["git", "archive", "--format=tar", "HEAD"]
    return subprocess.run(words, cwd=ROOT, check=True, capture_output=True).stdout


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def extras(wheel: Path) -> list[str]:
    with ZipFile(wheel) as files:
        name = next(name for name in files.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(files.read(name).decode()).get_all("Provides-Extra", [])


def interpreters() -> dict[str, str]:
    """Pythons on this machine that are new enough, one a minor version."""
    found = json.loads(run("uv", "python", "list", "--only-installed", "--output-format", "json"))
    parts = [(each["version_parts"], each["path"]) for each in found]
    return {
        f"{version['major']}.{version['minor']}": path
        for version, path in reversed(parts)
        if (version["major"], version["minor"]) >= OLDEST
    }


def installed(wheel: Path, extra: str, python: str, version: str, place: Path) -> None:
    """Install the wheel into an empty environment, and use it."""
    run("uv", "venv", "-q", "--python", python, place)
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    locked = ["-c", ROOT / "requirements.lock"]
    run("uv", "pip", "install", "-q", "--python", place, *locked, wanted)
    run(place / "bin" / "python", "-c", SMOKE.format(version=version), cwd=place)
    assert version in run(place / "bin" / "genloss", "--version")


def whole(version: str, place: Path) -> None:
    """Both builds, every extra, every Python."""
    first, second = (built(version, place / name) for name in ("one", "another"))
    for name in first:
        same = digest(first[name]) == digest(second[name])
        print(f"{digest(first[name])}  {name}  {'the same twice' if same else 'DIFFERS'}")
        if not same:
            sys.exit(1)
    checked(first)
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    shutil.copytree(place / "one" / "dist", ROOT / "dist")
    wheel = wheel_of(first)
    for minor, python in interpreters().items():
        for extra in ("", *extras(wheel)):
            installed(wheel, extra, python, version, place / f"{minor}-{extra}")
            print(f"Python {minor}: genloss{f'[{extra}]' if extra else ''} installs and runs")


def short(version: str, place: Path) -> None:
    """One build, and one installation."""
    files = built(version, place / "one")
    checked(files)
    installed(wheel_of(files), "", sys.executable, version, place / "environment")
    print(f"{' and '.join(sorted(files))}: built, checked, installed, run")


def checked(files: dict[str, Path]) -> None:
    run(sys.executable, "-m", "twine", "check", "--strict", *files.values())


def wheel_of(files: dict[str, Path]) -> Path:
    return next(path for name, path in files.items() if name.endswith(".whl"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version")
    parser.add_argument("--short", action="store_true")
    asked = parser.parse_args()
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as folder:
        (short if asked.short else whole)(asked.version, Path(folder))
