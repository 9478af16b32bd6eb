"""Settings changed at random while a picture is painted: `python -m campaigns.changes` in `tests`.

In another thread than the one that steps, one to three at a time. After each change the settings are
those that were asked for, after each step all pixels are finite, and in the end the history has as many
steps as the levels say. What only tells the program other numbers must not have compiled anything.
"""

import collections
import dataclasses
import threading

import jax
import numpy as np
from campaigns import trials
from reference.inputs import random_network
from reference.narrow import CAFFE
from reference.transfers import CONTENT, QUICK, STYLE

from nstjax import Session
from nstjax.optimize import work
from nstjax.vgg import Weights

CHOICES = {
    "content_weight": [0.0, 0.1, 5.0],
    "style_weight": [0.0, 1.0],
    "tv_weight": [0.0, 100.0],
    "photo_weight": [0.0, 1.0],
    "learning_rate": [None, 0.3],
    "averaging": [0.0, 0.9],
    "style_layer_weights": [None, (1.0, 0.0)],
    "size": [32, 48, 64],
    "steps": [1, 4],
    "color": ["style", "luminance"],
    "optimizer": ["adam", "lbfgs"],
    "init": ["content", "noise"],
    "style_loss": ["energy", "gram"],
}


def campaign(session: Session, count: int, seed: int) -> dict:
    """So many changes of a session, and how many of which kind they were; fails where one is wrong."""
    random, compiled = np.random.default_rng(seed), [0]

    def listen(event: str, duration: float, **_: object) -> None:
        compiled[0] += "backend_compile" in event

    jax.monitoring.register_event_duration_secs_listener(listen)
    kinds: collections.Counter = collections.Counter()
    for place in range(count):
        names = random.choice(list(CHOICES), random.integers(1, 4), replace=False)
        changed = {name: CHOICES[name][random.integers(len(CHOICES[name]))] for name in names}
        kinds[_turned(session, changed, compiled, meanwhile=place % 4 == 0)] += 1
        for name, value in changed.items():
            assert getattr(session.settings, name) == value, name
        assert np.isfinite(session.image()).all()
    while not session.done:
        session.step()
    history = session.result().history
    assert len(history.total) == sum(level.steps for level in session.levels)
    assert np.isfinite(history.total).all()
    jax.monitoring.unregister_event_duration_listener(listen)
    return {"changes": count, "steps": len(history.total), **kinds}


def _turned(session: Session, changed: dict, compiled: list[int], *, meanwhile: bool) -> str:
    """Changes a session, in a thread, and steps it; what the change did."""
    again: list[str] = []
    thread = threading.Thread(target=lambda: again.extend(session.change(**changed)))
    if not session.done:
        session.step()
    before, place = compiled[0], session.progress
    thread.start()
    if meanwhile:
        if not session.done:
            session.step()
        thread.join()
        return "changed while a step ran"
    thread.join()
    if session.done:
        return "changed nothing, at the end"
    session.step()
    now = session.progress
    assert place is not None
    assert now is not None
    if again:
        return "started a level again"
    # Before the last level the next one is being compiled.
    if place.level == now.level == now.levels and now.step > place.step:
        assert compiled[0] == before, changed
    return "told the compiled program"


def of_new_session(count: int, seed: int) -> dict:
    """The campaign, of a small picture with a random network."""
    work.CHUNK_PIXELS = {"cpu": 36 * 48}
    weights = Weights("vgg16", CAFFE, random_network("vgg16"))
    session = Session(CONTENT, STYLE, dataclasses.replace(QUICK, steps=6), weights=weights)
    return campaign(session, count, seed)


if __name__ == "__main__":
    raise SystemExit(trials.main(__doc__, of_new_session, 100))
