"""SIGKILL at random moments: `python -m campaigns.kills` in `tests`.

The commands of `scenes` run over older files and are killed. Every file must then be the older one or a
whole new one, beside nothing but unfinished files of the name that is swept after a day; and the next
run must work, and sweep them.
"""

import collections
import os
import random
import re
import time
from collections.abc import Sequence
from pathlib import Path

from campaigns import child, trials
from campaigns.scenes import SCENES, is_whole, make_inputs, make_older, older

UNFINISHED = re.compile(r"\.nstjax-[0-9a-f]{32}(-whole)?")
DAY = 86_400  # seconds
KILLED, FINISHED = -9, 0
PAINTED_EVERY = 10  # trials
CHECKED_EVERY = 2  # trials of a scene that are followed by a run to the end


def files() -> set[Path]:
    """All files below the working folder."""
    return {path for path in Path().rglob("*") if path.is_file() and path != child.LOG}


def duration(name: str, *, paints: bool) -> float:
    """Seconds that a scene takes, which must succeed."""
    make_older(SCENES[name])
    begun = time.monotonic()
    code = child.finish(child.start(SCENES[name].command, paints=paints))
    assert code == FINISHED, child.LOG.read_text()
    return time.monotonic() - begun


def killed(name: str, seconds: float, *, paints: bool) -> tuple[int, int, list[str]]:
    """Kills a scene after so many seconds: exit code, how many unfinished files, and what is wrong."""
    scene = SCENES[name]
    make_older(scene)
    before = files()
    code = child.kill(child.start(scene.command, paints=paints), seconds)
    wrong = [] if code in (KILLED, FINISHED) else [f"exit code {code}: {child.LOG.read_text()}"]
    for output in scene.outputs:
        if not os.path.lexists(output):
            wrong.append(f"{output} is lost")
        elif Path(output).read_bytes() != older(output) and not is_whole(output, code):
            wrong.append(f"{output} is damaged")
    left = files() - before
    wrong += [f"{file} is left" for file in left if not UNFINISHED.fullmatch(file.name)]
    return code, len(left), wrong


def recovers(name: str) -> list[str]:
    """What is wrong with the next run a day later, of which nothing may remain but its outputs."""
    scene = SCENES[name]
    for file in files():
        if UNFINISHED.fullmatch(file.name):
            os.utime(file, (time.time() - 2 * DAY,) * 2)
    code = child.finish(child.start(scene.command, paints=False))
    wrong = [] if code == FINISHED else [f"the next run: {code}, {child.LOG.read_text()}"]
    wrong += [f"{output} is not new" for output in scene.outputs if not is_whole(output, FINISHED)]
    left = [file for file in files() if UNFINISHED.fullmatch(file.name)]
    return wrong + [f"{file} is not swept" for file in left]


def campaign(names: Sequence[str], count: int, seed: int, *, painted: bool) -> dict:
    """So many trials of some scenes in the working folder, and what came of them.

    Where `painted`, some of them make real pictures.
    """
    make_inputs()
    choose = random.Random(seed)
    seconds = {
        (name, paints): max(duration(name, paints=paints) for _ in range(2))
        for name in names
        for paints in {False, painted}
    }
    kinds, found, unfinished = collections.Counter(), [], 0
    for trial in range(count):
        name, paints = names[trial % len(names)], painted and trial % PAINTED_EVERY == 0
        moment = choose.uniform(0, seconds[name, paints])
        code, left, wrong = killed(name, moment, paints=paints)
        if trial // len(names) % CHECKED_EVERY == 0:
            wrong += recovers(name)
        kinds["killed" if code == KILLED else "finished before"] += 1
        unfinished += left
        if wrong:
            found.append([trial, name, round(moment, 3), wrong])
            print(*found[-1], flush=True)
    return {"trials": count, **kinds, "unfinished files": unfinished, "wrong": found}


if __name__ == "__main__":
    raise SystemExit(
        trials.main(__doc__, lambda *given: campaign(list(SCENES), *given, painted=True), 300)
    )
