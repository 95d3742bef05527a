"""The commands that make machines: `generate` and `record`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from winsim.generate import write_fleet


def add_commands(commands: Any) -> None:
    """Add the commands to what `ArgumentParser.add_subparsers` returned."""
    generate = commands.add_parser("generate", help="write a set of any size, drawn by chance")
    generate.add_argument("count", type=int, metavar="N", help="how many PCs")
    generate.add_argument("--seed", type=int, required=True, help="the same seed, the same bytes")
    generate.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    generate.set_defaults(run=_generate)


def _generate(options: argparse.Namespace) -> None:
    write_fleet(options.out, options.count, seed=options.seed)
