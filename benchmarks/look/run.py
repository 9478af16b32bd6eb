"""Paints, judges and tells."""

import argparse
from pathlib import Path

from benchmarks.look.judge import Judge
from benchmarks.look.painter import Painter, picture_path
from benchmarks.look.pairs import Pair, all_pairs
from benchmarks.look.programs import settings_of
from benchmarks.look.report import look_report
from benchmarks.look.rows import find_row, kept_rows, put_row
from benchmarks.look.sheet import write_sheet
from benchmarks.record import load_record, save_record
from nstjax.cli.files.model import find_weights
from nstjax.cli.running.compilation_cache import keep_programs
from nstjax.errors import UserError
from nstjax.images import read
from nstjax.vgg import load_weights


def run(options: argparse.Namespace) -> None:
    """All that was asked for, into one folder.

    Raises `UserError` and `weights_tools.WeightsError` for networks and pictures that cannot be had.
    """
    keep_programs()  # most pictures share their programs with those of the run before
    painters, judges = (find_weights(name) for name in (options.weights, options.judge))
    if painters.file == judges.file:
        raise UserError("the judge is the painter, to whom its own pictures look good: use another")
    options.output.mkdir(parents=True, exist_ok=True)
    painter = Painter(load_weights(painters.file), painters.name, options.pictures, options.output)
    judge = Judge(load_weights(judges.file), options.pictures)
    pairs = all_pairs()[: options.pairs]
    path = options.output / f"look-{options.size}.json"
    about = {
        "size": options.size,
        "painter": Path(painters.name).stem,
        "judge": Path(judges.name).stem,
    }
    record = {**about, "rows": kept_rows(load_record(path), about)}
    for pair in pairs:
        for program in options.programs:
            row = _row(painter, judge, pair, program, options.size)
            if row["seconds"] is None:  # painted earlier
                row["seconds"] = find_row(record["rows"], row).get("seconds")
            record["rows"] = put_row(record["rows"], row)
            save_record(record, path)
            print(*pair, program, row["measures"], flush=True)
    _write_sheets(options, pairs)
    report = look_report(record)
    path.with_suffix(".md").write_text(report + "\n", encoding="utf-8")
    print(report)


def _row(painter: Painter, judge: Judge, pair: Pair, program: str, size: int) -> dict:
    """Of a picture in its file, which is made if need be: all are judged as 8 bits have them."""
    settings = settings_of(program, size)
    seconds = painter.paint(pair, program, settings)
    pixels = read(picture_path(painter.output, size, pair, program))
    return {
        "pair": list(pair),
        "program": program,
        "measures": {name: round(value, 5) for name, value in judge.measure(pixels, pair).items()},
        "seconds": None if seconds is None else round(seconds, 1),
        "work": round(painter.work(pair, settings), 1),
    }


def _write_sheets(options: argparse.Namespace, pairs: list[Pair]) -> None:
    for content in dict.fromkeys(content for content, _ in pairs):
        write_sheet(
            options.output,
            options.pictures,
            size=options.size,
            content=content,
            styles=[style for photograph, style in pairs if photograph == content],
            programs=options.programs,
        )
