"""Installs the supported lines of ansible-core that this project does not run on, into `.cores`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Each line with the oldest Python that it runs on.
CORES = {"2.18.19": (3, 11), "2.20.10": (3, 12), "2.21.5": (3, 12)}
PACKAGES = ("pywinrm==0.5.0", "pypsrp==0.9.1")


def main() -> None:
    """Make an environment for each line, with the first Python that is new enough."""
    site = next((ROOT / ".venv" / "lib").glob("python3.*/site-packages"))
    for version, oldest in CORES.items():
        folder = ROOT / ".cores" / version
        if (folder / "bin" / "ansible").exists():
            continue
        python = _python(oldest)
        if python is None:
            wanted = ".".join(map(str, oldest))
            print(f"ansible-core {version} needs Python {wanted}: not found")  # noqa: T201
            continue
        subprocess.run([python, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "pip"), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, f"ansible-core=={version}", *PACKAGES], check=True)
        # The collections are those that the project is pinned to.
        own = next((folder / "lib").glob("python3.*/site-packages"))
        (own / "ansible_collections").symlink_to(site / "ansible_collections")


def _python(oldest: tuple[int, int]) -> str | None:
    for minor in range(oldest[1], oldest[1] + 4):
        found = shutil.which(f"python3.{minor}")
        works = (
            found and not subprocess.run([found, "-V"], capture_output=True, check=False).returncode
        )
        if works:
            return found
    return sys.executable if sys.version_info[:2] >= oldest else None


if __name__ == "__main__":
    main()
