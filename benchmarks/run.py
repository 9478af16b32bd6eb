"""From the flags to the files."""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import jax

from benchmarks.context import Context
from benchmarks.machine import describe_machine
from benchmarks.plots import plot_record
from benchmarks.program_cache import use_no_cache
from benchmarks.questions import ask, load, tell
from benchmarks.record import load_record, put_row, report, save_record
from nstjax.cli.files.model import find_weights
from nstjax.errors import UserError
from nstjax.images import read
from nstjax.vgg import load_weights


def run(options: argparse.Namespace) -> None:
    """Asks the questions, prints each answer, and writes record, report and plots.

    Raises `UserError` or `WeightsError` for flags that cannot work, and where both sides disagree.
    """
    network = find_weights(options.weights)
    context = _make_context(options, network.file)
    use_no_cache()  # the questions for which it matters turn one on
    if options.output.exists() and not options.output.is_dir():
        raise UserError(f"output is {options.output}, which is a file: give a folder")
    options.output.mkdir(parents=True, exist_ok=True)
    machine = describe_machine()
    path = options.output / f"{machine['slug']}.json"
    inputs = {
        "network": network.name + network.remark,
        "content": options.content.name,
        "style": options.style.name,
    }
    record = load_record(path)
    header = {"machine": machine, "inputs": inputs}
    if any(record.get(key, value) != value for key, value in header.items()):
        raise UserError(f"{path} was measured on other inputs or versions: give another --output")
    record |= header
    for name in options.questions:

        def keep(row: dict, name: str = name) -> None:
            put_row(record, name, row)
            save_record(record, path)

        deadline = time.monotonic() + options.time_limit
        ask(load(name), replace(context, deadline=deadline), keep)
        print(tell(name, record["questions"][name], "##"), end="\n\n", flush=True)
    path.with_suffix(".md").write_text(report(record) + "\n", encoding="utf-8")
    plot_record(record, options.output)


def _make_context(options: argparse.Namespace, weights_file: Path) -> Context:
    return Context(
        weights=load_weights(weights_file),
        weights_file=weights_file,
        content_file=options.content,
        style_file=options.style,
        content=read(options.content),
        style=read(options.style),
        platform=jax.devices()[0].platform,
        sizes=tuple(options.sizes),
        recipes=tuple(options.recipes),
        repeats=options.repeats,
        adam_steps=tuple(options.adam_steps),
    )
