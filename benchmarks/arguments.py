"""The flags of `python -m benchmarks`."""

import argparse
import importlib.resources
from collections.abc import Sequence
from pathlib import Path

from benchmarks.numbers import at_least
from benchmarks.questions import QUESTIONS
from benchmarks.reference.recipes import RECIPES

DEMO = importlib.resources.files("nstjax") / "demo"  # a clone has it as files


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The flags, of the command line by default."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measures nstjax beside PyTorch."
    )
    add = parser.add_argument
    add("--weights", default="auto", help="a weights file or name; by default as nstjax stylize")
    add("--content", type=Path, default=Path(str(DEMO / "content.jpg")), help="a photograph")
    add("--style", type=Path, default=Path(str(DEMO / "style.jpg")), help="a painting")
    add("--questions", nargs="+", default=QUESTIONS, choices=QUESTIONS, help="by default all")
    add("--recipes", nargs="+", default=[], choices=list(RECIPES), help="whose losses")
    add("--sizes", nargs="+", type=at_least(16), default=[], help="long sides in pixels")
    add("--adam-steps", nargs="+", type=at_least(1), default=[], help="whose losses are targets")
    add("--repeats", type=at_least(1), help="rounds, in place of each question's own number")
    add(
        "--time-limit",
        type=float,
        default=float("inf"),
        help="seconds a question, after which it begins nothing new",
    )
    add("--output", type=Path, default=Path("benchmark-results"), help="a folder")
    return parser.parse_args(arguments)
