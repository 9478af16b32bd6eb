"""Which way reaches a given loss with the least work?

    python -m benchmarks.search --weights FILE --pictures FOLDER --size 512 --json FILE

Work is counted, not timed: the sum over steps of (pixels of the step / pixels of the result), which no
other program on the machine can disturb. All minimize the same loss, that of the default recipe at full
size, for each of several pairs of pictures; `search_report.py` says how they are compared.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.candidates import CANDIDATES, Candidate, carry_memory
from nstjax.images import match_colors, read, resize, write
from nstjax.optimize import Level
from nstjax.optimize.step import first_state, run_steps
from nstjax.problem.evaluation import Problem, loss_weights, make_evaluation
from nstjax.problem.pending import pending_problem
from nstjax.problem.pictures import pictures_at
from nstjax.problem.regions import whole_picture
from nstjax.problem.schedule import make_levels
from nstjax.settings import Settings
from nstjax.vgg import Weights, load_weights

PAIRS = (
    ("tuebingen", "starry_night"),
    ("golden_gate", "the_scream"),
    ("hoover_tower_night", "shipwreck"),
    ("golden_gate", "starry_night"),
)
CHUNK = 5  # steps a program


class Search:
    """One pair of pictures at one size, with the default losses."""

    def __init__(
        self, weights: Weights, content: np.ndarray, style: np.ndarray, settings: Settings
    ):
        self.evaluation, self.network = make_evaluation(weights, settings)
        self.architecture = weights.architecture
        self.content, self.style, self.settings = content, style, settings
        self.weights = loss_weights(settings)

    def problem(self, level: Level) -> Problem:
        pictures = pictures_at(
            level, level, self.content, [self.style], whole_picture(1), self.settings
        )
        layout = self.evaluation.layout(level.height, level.width)
        pending = pending_problem(self.evaluation, self.network, self.weights, pictures, layout)
        return pending.compile().compute()

    def run(self, candidate: Candidate) -> tuple[dict, np.ndarray]:
        """Loss by work at the last level, and the picture."""
        settings = replace(self.settings, **candidate.settings)
        levels = make_levels(self.content, [self.style], settings, self.architecture)
        optimizer = candidate.optimizer()
        picture, memory, work, curve = self._start(candidate), None, 0.0, []
        for index, level in enumerate(levels):
            problem = self.problem(level)
            picture = self._enlarge(picture, level, candidate.detail if index else 0.0)
            state = first_state(optimizer, picture)
            if candidate.carried and memory is not None:
                state = state._replace(optimizer=carry_memory(memory, state.pixels))
            share = level.pixels / levels[-1].pixels
            rate = candidate.learning_rate(len(levels) - 1 - index)
            for _ in range(0, level.steps, CHUNK):
                state, copy, reports = run_steps(
                    state,
                    problem,
                    rate,
                    0.0,
                    evaluate=self.evaluation,
                    optimizer=optimizer,
                    steps=CHUNK,
                )
                if level is levels[-1]:
                    losses = np.asarray(reports.total).tolist()
                    curve += [(work + k * share, loss) for k, loss in enumerate(losses)]
                work += CHUNK * share
            picture, memory = np.asarray(copy), state.optimizer
        loss, terms = jax.jit(self.evaluation)(jnp.array(picture), problem)
        curve.append((work, float(loss)))
        row = {
            "levels": [[max(level.height, level.width), level.steps] for level in levels],
            "style": float(terms.style),
            "content": float(terms.content),
            "curve": [[round(at, 2), round(value, 6)] for at, value in curve],
        }
        return row, picture

    def _start(self, candidate: Candidate) -> np.ndarray:
        if not candidate.recolored:
            return self.content
        return match_colors(self.content, [self.style], "match_cholesky", candidate.recolored)

    def _enlarge(self, picture: np.ndarray, level: Level, detail: float) -> np.ndarray:
        enlarged = resize(picture, level.height, level.width)
        if not detail:
            return enlarged
        content = resize(self.content, level.height, level.width)
        blurred = resize(resize(self.content, *picture.shape[:2]), level.height, level.width)
        return np.clip(enlarged + detail * (content - blurred), 0, 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True, type=Path)
    parser.add_argument("--pictures", required=True, type=Path, help="folder of the pairs")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=45, help="at full size")
    parser.add_argument("--pairs", type=int, default=len(PAIRS), help="how many of them")
    parser.add_argument("--candidates", nargs="+", default=list(CANDIDATES), choices=CANDIDATES)
    parser.add_argument("--json", required=True, type=Path, help="where to write the numbers")
    parser.add_argument("--results", type=Path, help="folder to write the pictures to")
    options = parser.parse_args()
    weights = load_weights(options.weights)
    record: dict = {"size": options.size, "network": options.weights.stem, "candidates": {}}
    for name in options.candidates:
        rows = record["candidates"].setdefault(name, {})
        for pair in PAIRS[: options.pairs]:
            content, style = (read(options.pictures / f"{each}.jpg") for each in pair)
            settings = Settings(size=options.size, steps=options.steps)
            row, picture = Search(weights, content, style, settings).run(CANDIDATES[name])
            rows[" + ".join(pair)] = row
            print(name, *pair, row["curve"][-1], flush=True)
            if options.results:
                write(options.results / f"{'_'.join((name, *pair))}.png".replace(" ", "_"), picture)
            options.json.write_text(json.dumps(record) + "\n")


if __name__ == "__main__":
    main()
