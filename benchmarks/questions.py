"""The questions, one file each, and how each is asked and told."""

import importlib
import time
from collections.abc import Callable
from typing import Protocol, cast

from benchmarks.agreement import DisagreementError
from benchmarks.context import Context
from benchmarks.failure import describe
from benchmarks.report import Table, question_report

# By module, in the order in which they are asked.
QUESTIONS = ("time_to_picture", "compile", "step", "growth", "precision", "tricks", "time_to_loss")


class Question(Protocol):
    """What a question's file has. Its docstring's first line is the question."""

    __doc__: str | None

    def cases(self, context: Context) -> list[dict]:
        """What is measured one after the other, each as the keys that tell it from the others."""
        ...

    def measure(self, context: Context, case: dict) -> dict:
        """Whatever JSON can hold."""
        ...

    def tables(self, rows: list[dict]) -> list[Table]:
        """The rows, each with its `case` and `result`, for a reader."""
        ...


def load(name: str) -> Question:
    """The question of that name."""
    return cast(Question, importlib.import_module(f"benchmarks.{name}"))


def ask(question: Question, context: Context, keep: Callable[[dict], None]) -> None:
    """Measures every case, and hands each row to `keep` at once.

    A row has the `case`, and a `result` or a `failure`, one line: nothing that goes wrong in one case
    ends the others.

    Raises `DisagreementError`, after which no time means anything.
    """
    for case in question.cases(context):
        if time.monotonic() > context.deadline:
            keep({"case": case, "failure": "not measured: the time limit had passed"})
            continue
        try:
            keep({"case": case, "result": question.measure(context, case)})
        except DisagreementError:
            raise
        except Exception as error:
            keep({"case": case, "failure": describe(error)})


def tell(name: str, rows: list[dict], heading: str) -> str:
    """A question's part of the report, in Markdown."""
    question = load(name)
    title = (question.__doc__ or name).splitlines()[0]
    results = [row for row in rows if "result" in row]
    failed = [row for row in rows if "failure" in row]
    return question_report(title, question.tables(results), failed, heading)
