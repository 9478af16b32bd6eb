"""Writes the records in `results/` into the two READMEs: `python -m benchmarks.table`.

Whatever stands between `<!-- NAME -->` and `<!-- /NAME -->` is replaced: in `benchmarks/README.md` by
every machine's whole report (`results`), every search's table (`searches`), every recipe's at several
sizes (`sizes`), how pictures look (`look`), recipes that were tried (`trials`), programs compiled for
accelerators (`ahead`) and what each device must hold of large pictures (`memory`), in the README at the
top by one column a machine (`results`).
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ahead.report import ahead_report
from benchmarks.contest import PLAIN_REFERENCE, PRECISIONS, our_name
from benchmarks.look.report import look_report
from benchmarks.look.trials import trials_report
from benchmarks.race import first_run
from benchmarks.record import load_record, report
from benchmarks.reference.recipes import RECIPES
from benchmarks.report import markdown_table
from benchmarks.search_report import search_report
from benchmarks.sizes_report import sizes_report
from benchmarks.step import step_ratio
from benchmarks.time_to_loss import time_ratio
from benchmarks.timing import spread
from nstjax.cli.main import fail
from nstjax.errors import UserError

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results"
SUMMARY_SIZES = (256, 512, 1024)
OURS = [our_name(precision) for precision in PRECISIONS]
LOSS_PROGRAMS = {our_name("float32"): "{:.1f}", first_run("float32"): "({:.1f})"}


def fill(text: str, name: str, content: str) -> str:
    """The text with the content between the markers of that name.

    Raises `UserError` where it does not have each marker once, in order.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if text.count(begin) != 1 or text.count(end) != 1 or not pattern.search(text):
        raise UserError(f"the text lacks a place for {name}: write {begin} and {end} there, once")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", text)


def full_report(records: Sequence[dict]) -> str:
    """Every machine's tables."""
    return "\n\n".join(report(record, "##") for record in records)


def searches(records: Sequence[dict]) -> str:
    """Every search's table."""
    return "\n\n".join(search_report(record) for record in records)


def sizes(records: Sequence[dict]) -> str:
    """Every table of one recipe at several sizes."""
    return "\n\n".join(sizes_report(record) for record in records)


def looks(records: Sequence[dict]) -> str:
    """Both tables of every record of looks."""
    return "\n\n".join(look_report(record) for record in records)


def trials(records: Sequence[dict]) -> str:
    """Every table of recipes that were tried."""
    return "\n\n".join(trials_report(record) for record in records)


def programs(records: Sequence[dict]) -> str:
    """Every record of programs compiled for accelerators: with which compilers, and their tables."""
    return "\n\n".join(ahead_report(record) for record in records)


def summary(records: Sequence[dict]) -> str:
    """One column a machine: how many times as long PyTorch takes.

    A step of eager float32, and in brackets the fastest program of each; and until a loss, in brackets
    with compiling.
    """
    machines = {
        record["machine"]["name"]: {**_steps(record), **_losses(record)} for record in records
    }
    asked = dict.fromkeys(question for found in machines.values() for question in found)
    return markdown_table(
        [
            {"": question, **{name: found.get(question, "") for name, found in machines.items()}}
            for question in asked
        ]
    )


def _rows(record: dict, question: str) -> list[dict]:
    """Those with a result, the smallest pictures first."""
    rows = [row for row in record["questions"].get(question, []) if "recipe" in row["case"]]
    return sorted(
        (row for row in rows if "result" in row),
        key=lambda row: (list(RECIPES).index(row["case"]["recipe"]), row["case"]["size"]),
    )


def _steps(record: dict) -> dict[str, str]:
    found = {}
    for row in _rows(record, "step"):
        ratio = step_ratio(row["result"], PLAIN_REFERENCE)
        recipe, size = row["case"]["recipe"], row["case"]["size"]
        if row["case"]["optimizer"] == "lbfgs" and size in SUMMARY_SIZES and ratio:
            found[f"{recipe}: a step at {size} px"] = (
                f"{ratio[0]:.2f} ({_fastest(row['result']):.2f})"
            )
    return found


def _fastest(result: dict) -> float:
    """Seconds of PyTorch's fastest program over those of nstjax's, whatever their precisions."""
    medians: dict[bool, list[float]] = {True: [], False: []}
    for name, entry in result["programs"].items():
        if "seconds" in entry:
            medians[name in OURS].append(spread(entry["seconds"]).median)
    return min(medians[False]) / min(medians[True])


def _losses(record: dict) -> dict[str, str]:
    found = {}
    for row in _rows(record, "time_to_loss"):
        recipe, size = row["case"]["recipe"], row["case"]["size"]
        for target in row["result"]["targets"]:
            found[f"{recipe}: the loss of {target['name']}, {size} px"] = " ".join(
                template.format(ratio[0])
                for name, template in LOSS_PROGRAMS.items()
                if (ratio := time_ratio(row["result"], target, name))
            )
    return found


def load_records(*keys: str) -> list[dict]:
    """The records in `results/` that have these keys."""
    found = [load_record(path) for path in sorted(RESULTS.glob("*.json"))]
    return [record for record in found if record.keys() >= set(keys)]


def main() -> int:
    """Rewrites both READMEs; returns the exit code."""
    try:
        machines = load_records("machine", "questions")
        texts = {
            FOLDER / "README.md": {
                "results": full_report(machines),
                "searches": searches(load_records("candidates")),
                "sizes": sizes(load_records("sizes", "content_weights")),
                "look": looks(load_records("painter", "judge")),
                "trials": trials(load_records("trials")),
                "ahead": programs(load_records("rows", "versions")),
                "memory": programs(load_records("memory", "versions")),
            },
            FOLDER.parent / "README.md": {"results": summary(machines)},
        }
        for path, contents in texts.items():
            text = path.read_text(encoding="utf-8")
            for name, content in contents.items():
                text = fill(text, name, content)
            path.write_text(text, encoding="utf-8")
    except UserError as error:
        return fail(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
