"""The commands that make machines: `generate` and `record`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from winsim.generate import write_fleet
from winsim.record import record


def add_commands(commands: Any) -> None:
    """Add the commands to what `ArgumentParser.add_subparsers` returned."""
    generate = commands.add_parser("generate", help="write a set of any size, drawn by chance")
    generate.add_argument("count", type=int, metavar="N", help="how many PCs")
    generate.add_argument("--seed", type=int, required=True, help="the same seed, the same bytes")
    generate.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    generate.set_defaults(run=_generate)

    recording = commands.add_parser("record", help="write a machine from a real PC's probe facts")
    recording.add_argument("facts", type=Path, metavar="FACTS.json")
    recording.add_argument(
        "--probes", type=Path, required=True, metavar="FOLDER", help="what the probes read, YAML"
    )
    recording.add_argument("--name", required=True, help="the machine's new name")
    recording.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="its set")
    recording.set_defaults(run=_record)


def _generate(options: argparse.Namespace) -> None:
    write_fleet(options.out, options.count, seed=options.seed)


def _record(options: argparse.Namespace) -> None:
    record(options.facts, probes=options.probes, name=options.name, out=options.out)
