"""What becomes of the benchmarks' numbers: the record, the report, the plots and the READMEs."""

import sys

import pytest

pytest.importorskip("torch", reason="the benchmarks compare with PyTorch")

from benchmarks.__main__ import main
from benchmarks.agreement import DisagreementError
from benchmarks.machine import slug
from benchmarks.questions import QUESTIONS, ask, load, tell
from benchmarks.record import load_record, put_row, report, save_record
from benchmarks.search_report import search_table
from benchmarks.table import fill, summary
from nstjax import UserError

BEGIN, END = "<!-- results -->", "<!-- /results -->"
MACHINE = {
    "name": "CPU: 2 cores of X",
    "slug": "cpu-2-x",
    "versions": {"jax": "1"},
}
ADAM = "PyTorch eager float32, Adam"
RECORD = {
    "machine": MACHINE,
    "inputs": {"network": "vgg16"},
    "questions": {
        "step": [
            {
                "case": {"product": "float32"},
                "result": {"side": 8, "rates": {"jax": 1e12, "torch": 2e12}},
            },
            {
                "case": {"recipe": "default", "optimizer": "lbfgs", "size": 256},
                "result": {
                    "height": 192,
                    "width": 256,
                    "flops": 6e10,
                    "jax_peak_bytes": None,
                    "programs": {
                        "nstjax float32": {
                            "precision": "float32",
                            "seconds": [0.1, 0.1, 0.2],
                            "differs": {"loss": 0.0, "gradient": 0.0},
                            "bytes": 2**30,
                            "flops_by_xla": 5.4e10,
                        },
                        "PyTorch eager float32": {
                            "precision": "float32",
                            "seconds": [0.2, 0.3, 0.2],
                            "differs": {"loss": 1e-7, "gradient": 1e-6},
                        },
                        "PyTorch compiled float32": {
                            "precision": "float32",
                            "failure": "RuntimeError: no compiler",
                        },
                    },
                },
            },
            {"case": {"recipe": "default", "size": 4096}, "failure": "UserError: too large"},
        ],
        "time_to_loss": [
            {
                "case": {"recipe": "default", "size": 256},
                "result": {
                    "differs": {"loss": 0.0, "gradient": 0.0},
                    "targets": [{"name": "Adam after 300", "owner": ADAM, "loss": 0.01}],
                    "programs": {
                        ADAM: {
                            "reached": {
                                "Adam after 300": [{"steps": 300, "work": 300.0, "seconds": 60.0}]
                            },
                            "curve": {
                                "steps": [0, 300],
                                "work": [0.0, 300.0],
                                "loss": [1.0, 0.01],
                                "seconds": [0.0, 60.0],
                            },
                            "last_loss": 0.01,
                        },
                        "nstjax float32": {
                            "reached": {
                                "Adam after 300": [{"steps": 20, "work": 31.5, "seconds": 5.0}]
                            },
                            "curve": {
                                "steps": [0, 20],
                                "work": [11.5, 31.5],
                                "loss": [0.1, 0.01],
                                "seconds": [2.0, 5.0],
                            },
                            "last_loss": 0.009,
                        },
                    },
                },
            }
        ],
    },
}


def test_a_report_tells_every_number_and_every_failure():
    text = report(RECORD)
    for expected in (
        "# CPU: 2 cores of X",
        "| default | lbfgs | 256 | PyTorch eager float32 | 0.2 | 2.00 (1.00, 3.00) | 0.3 | 15% |",
        "| PyTorch compiled float32 | RuntimeError: no compiler |",
        "- recipe default, size 4096: UserError: too large",
        "| default | 256 | Adam after 300 | 0.01 | nstjax float32 | 20 | 31.5 | 5 | 12.00",
    ):
        assert expected in text
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| default | lbf")}
    assert len(widths) == 2  # those of steps and of operations: no line lacks a column


def test_the_summary_replaces_what_is_between_the_markers():
    lines = summary([RECORD, {"machine": {"name": "GPU"}, "questions": {}}]).splitlines()
    assert lines == [
        "|  | CPU: 2 cores of X | GPU |",
        "| --- | --- | --- |",
        "| default: a step at 256 px | 2.00 (2.00) |  |",
        "| default: the loss of Adam after 300, 256 px | 12.0 |  |",
    ]
    text = f"before\n{BEGIN}\nold\n{END}\nbehind\n"
    assert fill(text, "results", "new") == f"before\n{BEGIN}\nnew\n{END}\nbehind\n"
    assert fill(fill(text, "results", "new"), "results", "old") == text


def test_a_text_without_its_markers_is_refused(refused):
    for text in ("", BEGIN, f"{END} {BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"):
        with refused("the text lacks a place"):
            fill(text, "results", "new")


def test_every_question_asks_something_and_can_be_told():
    for name in QUESTIONS:
        assert load(name).__doc__.splitlines()[0].endswith("?")
        assert tell(name, [], "##") == f"## {load(name).__doc__.splitlines()[0]}"


class Troublesome:
    """A question whose second case fails."""

    def cases(self, _):
        return [{"size": size} for size in (1, 2, 3)]

    def measure(self, _, case):
        if case["size"] == 2:
            raise MemoryError("no\nroom")
        return {"seconds": case["size"]}


def test_a_failure_is_a_line_and_a_case_asked_again_is_replaced(tmp_path):
    class Context:
        deadline = float("inf")

    record = {"questions": {}}
    for _ in range(2):
        ask(Troublesome(), Context(), lambda row: put_row(record, "step", row))
        save_record(record, tmp_path / "x.json")
    assert load_record(tmp_path / "x.json") == record
    assert [row.get("failure") for row in record["questions"]["step"]] == [
        None,
        "MemoryError: no room",
        None,
    ]
    Context.deadline = 0.0
    ask(Troublesome(), Context(), lambda row: put_row(record, "step", row))
    # What was measured before stays.
    rows = record["questions"]["step"]
    assert [row.get("result") for row in rows] == [{"seconds": 1}, None, {"seconds": 3}]
    assert "time limit" in rows[1]["failure"]


def test_disagreement_ends_the_run():
    class Wrong(Troublesome):
        def measure(self, _context, _case):
            raise DisagreementError("not the same")

    class Context:
        deadline = float("inf")

    with pytest.raises(DisagreementError):
        ask(Wrong(), Context(), lambda _: None)


def test_plots_are_written(tmp_path):
    pytest.importorskip("matplotlib", reason="draws plots")
    from benchmarks.plots import plot_record

    paths = plot_record(RECORD, tmp_path)
    assert [path.name for path in paths] == [
        "cpu-2-x-step-default.png",
        "cpu-2-x-loss-default-256.png",
    ]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_machines_have_names_for_files():
    assert slug("cpu", 2, "AMD EPYC") == "cpu-2-amd-epyc"
    assert slug("gpu", 1, "NVIDIA H200") == "gpu-1-nvidia-h200"


def test_a_mistake_is_told_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["benchmarks", "--weights", str(tmp_path / "none.safetensors")]
    )
    assert main() == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_a_search_is_told_by_work_and_by_loss():
    def row(*curve):
        return {"levels": [[64, 60]], "curve": [list(point) for point in curve]}

    record = {
        "size": 64,
        "network": "vgg16",
        "candidates": {
            "L-BFGS over pixels": {
                "a + b": row((0, 9), (30, 4), (45, 2), (55, 1), (60, 0.5)),
                "c + d": row((0, 9), (30, 4), (45, 2), (55, 1), (60, 0.5)),
            },
            "better": {
                "a + b": row((0, 9), (30, 2), (45, 1), (60, 0.25)),
                "c + d": row((0, 9), (30, 8), (45, 4), (60, 0.25)),
            },
            "hopeless": {"a + b": row((40, 9), (60, 8))},
        },
    }
    _, better, hopeless = search_table(record).lines
    assert better["work to the goal"] == "45, 60"
    # Geometric means of 2/4 and 8/4, of 1/2 and 4/2, of 0.25/0.5 twice.
    assert [better[f"loss at {work}"] for work in (30, 45, 60)] == ["1.000", "1.000", "0.500"]
    assert hopeless["work to the goal"] == "more"
    assert [hopeless[f"loss at {work}"] for work in (30, 45, 60)] == ["", "4.500", "16.000"]


def test_a_broken_record_is_named(tmp_path):
    broken = tmp_path / "cpu.json"
    broken.write_text('{"questions": ')
    with pytest.raises(UserError, match=r"cpu\.json is no JSON .* take another folder"):
        load_record(broken)
