"""What happens on the page: each event of its components, and what is shown after it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import pandas as pd
from PIL import Image

from nstjax.errors import UserError
from nstjax.images import read_comment, read_picture, shrink, to_bytes
from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS
from nstjax.settings.recipe import Recipe, preset_named
from nstjax.web import report
from nstjax.web.controls import make_controls, read_settings
from nstjax.web.layout import BALANCE, DRAWING_SIZE, IDLE, bundled_pictures, lay_out
from nstjax.web.limits import Limits
from nstjax.web.order import Engine, Order, check_pixels
from nstjax.web.painter import Painter
from nstjax.web.visitors import Visitor, Visitors

SIZE = 384  # what the page begins with: quick enough to be watched on a CPU
ASKING = 0.5  # seconds between two questions for news where something is painted
CURVES_EVERY = 1.5  # seconds between two drawings of the curves
KEPT = (600, 6 * 3600)  # seconds between two looks for uploads that are older than so many

LEAST, MOST = BALANCE
TO_WEIGHT = "x => Number((10 ** x).toPrecision(2))"
TO_BALANCE = f"w => w > 0 ? Math.min({MOST}, Math.max({LEAST}, Math.log10(w))) : {LEAST}"

News = dict[Any, Any]  # values and changes, by components


class Page:
    """Gradio's blocks, whose events tell visitors' jobs what to do."""

    def __init__(
        self, engine: Engine, limits: Limits, painter: Painter, visitors: Visitors, folder: Path
    ):
        self._engine, self._limits = engine, limits
        self._painter, self._visitors = painter, visitors
        self._controls = make_controls()
        self._defaults = replace(PRESETS["default"], size=min(SIZE, limits.largest))
        with gr.Blocks(title="nstjax", analytics_enabled=False, delete_cache=KEPT) as self.blocks:
            self._parts = lay_out(self._controls, self._defaults, limits, bundled_pictures(folder))
            self._connect()
        self.blocks.queue(max_size=64, default_concurrency_limit=4)

    def _connect(self) -> None:
        parts = self._parts
        settings = list(parts.settings.values())
        quiet: Any = {"show_progress": "hidden", "api_visibility": "private"}
        # Without the queue: it is answered at once, whatever others wait for.
        quick = {**quiet, "queue": False}
        news = [*self._news_parts(), parts.told]
        pictures = {parts.content, parts.styles, parts.drawing, parts.preset}
        gr.on([parts.paint.click], self._paint, {*pictures, *settings}, news, **quiet)
        gr.on([parts.pause.click], self._pause, None, news, **quick)
        gr.on([parts.stop.click], self._stop, None, news, **quick)
        gr.on([parts.timer.tick], self._tick, None, news, trigger_mode="once", **quick)
        gr.on([parts.content.change], self._show_for_drawing, parts.content, parts.drawing, **quiet)
        turn = {"fn": self._turn, "inputs": set(settings), "outputs": news, **quick}
        gr.on([event for each in settings for event in _events(each)], **turn)
        weight = parts.settings["content_weight"]
        gr.on([parts.balance.input], None, parts.balance, weight, js=TO_WEIGHT)
        gr.on([parts.balance.release], None, parts.balance, weight, js=TO_WEIGHT).then(**turn)
        gr.on([weight.change, self.blocks.load], None, weight, parts.balance, js=TO_BALANCE)
        gr.on(
            [parts.preset.input],
            self._choose_preset,
            {parts.preset, parts.settings["size"]},
            settings,
            **quick,
        ).then(**turn)
        gr.on(
            [parts.recipe.upload],
            self._take_recipe,
            parts.recipe,
            [parts.preset, *settings, parts.told],
            **quiet,
        )
        self.blocks.unload(self._leave)

    def _paint(self, values: dict, request: gr.Request) -> News:
        def act(visitor: Visitor) -> str:
            entered = self._entered(values)
            preset = values[self._parts.preset]
            preset_named(preset)
            content = values[self._parts.content]
            order = Order(
                content=Path(content) if content else None,
                styles=tuple(Path(file) for file, _ in values[self._parts.styles] or ()),
                drawing=values[self._parts.drawing],
                preset=preset,
                settings=read_settings(self._controls, entered),
                engine=self._engine,
                limits=self._limits,
                number=visitor.orders + 1,
            )
            order.check()
            self._visitors.begin(visitor, order)
            visitor.orders += 1
            visitor.entered = entered
            return ""

        return self._answer(request, act)

    def _pause(self, request: gr.Request) -> News:
        def act(visitor: Visitor) -> str:
            if visitor.job is not None and visitor.job.state == "paused":
                self._visitors.go_on(visitor)
            else:
                self._visitors.pause(visitor)
            return ""

        return self._answer(request, act)

    def _stop(self, request: gr.Request) -> News:
        def act(visitor: Visitor) -> str:
            self._visitors.stop(visitor)
            return ""

        return self._answer(request, act)

    def _turn(self, values: dict, request: gr.Request) -> News:
        """Tells the job of the settings that are other than those that the page had before."""

        def act(visitor: Visitor) -> str:
            entered, before = self._entered(values), visitor.entered
            visitor.entered = entered
            job = visitor.job
            if job is None or not visitor.is_painting:
                return ""
            changed = {
                each.name: each.read(entered[each.name])
                for each in self._controls
                if entered[each.name] != before.get(each.name)
            }
            if not changed:
                return ""
            replace(job.order, settings=replace(job.settings, **changed)).check()
            restarting = job.change(**changed)
            told = f"{_listed(changed)}: with the next steps."
            return (
                f"{told} The level starts again for {_listed(restarting)}." if restarting else told
            )

        return self._answer(request, act)

    def _tick(self, request: gr.Request) -> News:
        try:
            return self._news(self._visitors.get(request.session_hash)) or gr.skip()
        except UserError as error:
            return {self._parts.told: report.line(str(error), is_problem=True)}

    def _leave(self, request: gr.Request) -> None:
        self._visitors.drop(request.session_hash)

    def _choose_preset(self, values: dict) -> News:
        chosen = preset_named(values[self._parts.preset])
        shown = self._shown(chosen)
        size = self._parts.settings["size"]
        own = chosen.size != Settings().size
        shown[size] = min(chosen.size, self._limits.largest) if own else values[size]
        return shown

    def _take_recipe(self, file: str | None) -> News:
        if file is None:
            return {self._parts.told: ""}
        try:
            recipe = Recipe.from_json(read_comment(file), Path(file).name)
        except UserError as error:
            told = str(error).replace(file, Path(file).name)
            return {self._parts.told: report.line(told, is_problem=True)}
        made_of = ", ".join(filter(None, [recipe.content, *recipe.styles]))
        told = f"These are the settings of {Path(file).name}, which was made of {made_of}"
        if recipe.model != self._engine.model:
            told += f" with {recipe.model}; here it is {self._engine.model}"
        shown = self._shown(recipe.settings)
        return {
            **shown,
            self._parts.preset: recipe.preset,
            self._parts.told: report.line(f"{told}."),
        }

    def _show_for_drawing(self, file: str | None) -> Any:
        """The photograph under the brush, small; what is wrong with it is told once it is painted."""
        try:
            if file is None:
                return None
            check_pixels(Path(file), self._limits)
            pixels = read_picture(file, long_side=DRAWING_SIZE).pixels
        except UserError:
            return None
        background = Image.fromarray(to_bytes(shrink(pixels, (DRAWING_SIZE, DRAWING_SIZE))))
        return {"background": background, "layers": [], "composite": background}

    def _answer(self, request: gr.Request, act: Callable[[Visitor], str]) -> News:
        """Does what was asked for; shows what it came to, or why not."""
        try:
            visitor = self._visitors.get(request.session_hash)
            told = report.line(act(visitor))
        except UserError as error:
            return {self._parts.told: report.line(str(error), is_problem=True)}
        return {**self._news(visitor), self._parts.told: told}

    def _entered(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        return {name: values[part] for name, part in self._parts.settings.items()}

    def _shown(self, settings: Settings) -> News:
        parts = self._parts.settings
        return {
            parts[each.name]: each.shown(getattr(settings, each.name)) for each in self._controls
        }

    def _news_parts(self) -> list[Any]:
        parts = self._parts
        buttons = [parts.paint, parts.pause, parts.stop, parts.download]
        return [
            parts.picture,
            parts.bar,
            parts.state,
            *buttons,
            parts.curves,
            parts.made,
            parts.timer,
        ]

    def _news(self, visitor: Visitor) -> News:
        """Whatever of the page is other than what was sent to it last."""
        job, parts = visitor.job, self._parts
        if job is None:
            return {}
        shown, busy = job.shown, visitor.is_painting
        paused = job.state == "paused"
        now: dict[Any, tuple[Any, Callable[[], Any]]] = {
            parts.bar: _same(report.bar(job, self._painter.count)),
            parts.state: _same(report.state_line(job, self._painter.place(job))),
            parts.paint: (busy, lambda: gr.update(interactive=not busy)),
            parts.pause: (
                (busy, paused),
                lambda: gr.update(value="Go on" if paused else "Pause", interactive=busy),
            ),
            parts.stop: (busy, lambda: gr.update(interactive=busy)),
            parts.timer: _same(ASKING if busy and not paused else IDLE),
        }
        if shown.picture is not None:
            pair = (str(shown.before), str(shown.picture))
            now[parts.picture] = _same(pair)
        if shown.history is not None and self._is_time_for_curves(visitor, busy):
            history = shown.history
            now[parts.curves] = (
                (job.order.number, len(history.total)),
                lambda: pd.DataFrame(report.curves(history)),
            )
        if visitor.made:
            made = [(str(path), caption) for path, caption in visitor.made]
            now[parts.made] = _same(made)
            now[parts.download] = (
                made[-1],
                lambda: gr.update(value=made[-1][0], interactive=True),
            )
        news = {part: make() for part, (key, make) in now.items() if visitor.last.get(part) != key}
        visitor.last |= {part: key for part, (key, _) in now.items()}
        return news

    def _is_time_for_curves(self, visitor: Visitor, busy: bool) -> bool:
        """Drawing them takes the browser a while."""
        now = time.monotonic()
        if busy and now - visitor.drawn < CURVES_EVERY:
            return False
        visitor.drawn = now
        return True


def _same(value: Any) -> tuple[Any, Callable[[], Any]]:
    return value, lambda: value


def _events(part: Any) -> list[Any]:
    """When a component's value is entered, not on the way there."""
    if isinstance(part, gr.Number | gr.Textbox):
        return [part.submit, part.blur]
    return [part.input]


def _listed(names: Any) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
