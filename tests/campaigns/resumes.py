"""SIGKILL while pictures with checkpoints are painted: `python -m campaigns.resumes` in `tests`.

A command that keeps a checkpoint after each chunk is killed at random moments, goes on from the file
with `nstjax resume`, and is killed again, until it is let finish. At each moment the checkpoint must be
whole if it is there, and nothing may lie beside it; and in the end the picture must be that of a run
that nobody has killed, to the bit.
"""

import collections
import os
import random
import time
from pathlib import Path

from campaigns import child, trials
from campaigns.scenes import HERE, LAYERS, make_inputs

from nstjax.session.checkpoint import read_checkpoint

KEPT, OUTPUT = Path("kept"), Path("out.png")
BEGIN = ["stylize", "content.jpg", "style.png", *LAYERS, *HERE, "-o", str(OUTPUT), "--size", "64"]
SCHEDULE = ["--coarsest", "32", "--coarse-steps", "80", "--steps", "240", "--save-every", "8"]
COMMANDS = {
    "lbfgs": [*BEGIN, *SCHEDULE],
    "adam": [
        *BEGIN,
        *SCHEDULE,
        "--optimizer",
        "adam",
        "--averaging",
        "0.9",
        "--carry-moments",
    ],
    "tiles": [*BEGIN, *SCHEDULE, "--tile", "64", "--tv-weight", "9"],
}
CHECKPOINT = ["--checkpoint", str(KEPT), "--checkpoint-every", "0s"]
MOST = 4  # kills of one picture
OTHERS = {child.LOG.name}  # that are there before


def painted(name: str) -> tuple[bytes, float]:
    """The picture that nobody disturbs, and the seconds it takes."""
    begun = time.monotonic()
    code = child.finish(child.start([*COMMANDS[name], *CHECKPOINT], paints=True))
    assert code == 0, child.LOG.read_text()
    data, seconds = OUTPUT.read_bytes(), time.monotonic() - begun
    clear()
    return data, seconds


def clear() -> None:
    """Removes what a picture has left."""
    for path in (KEPT, *Path().glob("out*.png")):
        path.unlink(missing_ok=True)


def next_command(name: str) -> list[str]:
    """What goes on after a kill: from the checkpoint, if there is one yet."""
    return ["resume", str(KEPT)] if KEPT.exists() else [*COMMANDS[name], *CHECKPOINT]


def left_over() -> list[str]:
    """What is there and is no output."""
    outputs = {KEPT.name, *(path.name for path in Path().glob("out*.png"))}
    return sorted(set(os.listdir()) - OTHERS - outputs)


def wrong_checkpoint() -> list[str]:
    """What is wrong with the checkpoint, if there is one."""
    if KEPT.exists():
        try:
            read_checkpoint(KEPT)
        except Exception as error:
            return [f"the checkpoint: {error}"]
    return []


def trial(
    name: str, expected: bytes, seconds: float, choose: random.Random
) -> tuple[collections.Counter, list[str]]:
    """One picture, killed up to `MOST` times: what happened, and what was wrong."""
    clear()
    found: collections.Counter = collections.Counter()
    wrong: list[str] = []
    for _ in range(choose.randint(1, MOST)):
        resumes = KEPT.exists()
        # Every other time once it paints, so that there is a checkpoint.
        moment = choose.uniform(choose.choice([0, seconds / 2]), seconds)
        code = child.kill(child.start(next_command(name), paints=True), moment)
        if code == 0:
            break
        found["kills"] += 1
        found["kills of a resumed run"] += resumes
        if code != -9:
            wrong.append(f"exit code {code}: {child.LOG.read_text()}")
        wrong += wrong_checkpoint()
        found["kills that left a file until the next run"] += bool(left_over())
    found["pictures taken up"] += KEPT.exists()
    code = child.finish(child.start(next_command(name), paints=True))
    if code != 0:
        wrong.append(f"the last run: {code}, {child.LOG.read_text()}")
    elif OUTPUT.read_bytes() != expected:
        wrong.append("the picture is another one")
    wrong += [f"{name} is left" for name in left_over()]
    return found, [*wrong, *wrong_checkpoint()]


def campaign(kills: int, seed: int, names: list[str] | None = None) -> dict:
    """At least so many kills in the working folder, and what came of them."""
    make_inputs()
    OTHERS.update(os.listdir())
    choose = random.Random(seed)
    names = names or list(COMMANDS)
    pictures = {name: painted(name) for name in names}
    counts: collections.Counter = collections.Counter(pictures=0, kills=0)
    found = []
    while counts["kills"] < kills:
        name = names[counts["pictures"] % len(names)]
        happened, wrong = trial(name, *pictures[name], choose)
        counts.update({"pictures": 1, **happened})
        if wrong:
            found.append([counts["pictures"], name, wrong])
            print(*found[-1], flush=True)
    return {**counts, "wrong": found}


if __name__ == "__main__":
    raise SystemExit(trials.main(__doc__, campaign, 200))
