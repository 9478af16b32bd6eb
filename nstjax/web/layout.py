"""What is on the page, and where: Gradio's own components, one for each setting."""

import importlib.resources
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from nstjax.settings import Settings
from nstjax.settings.presets import PRESETS
from nstjax.web.controls import Control, about
from nstjax.web.drawing import BRUSHES
from nstjax.web.limits import Limits
from nstjax.web.report import COLORS

# What everybody may want to turn; the others are under "More".
PROMINENT = ("size", "content_weight", "style_weight", "tv_weight", "color", "seed")
BALANCE = (-3.0, 2.0)  # of the slider: the logarithm of the content weight
IDLE = 15  # seconds between two questions for news where nothing is painted
DRAWING_SIZE = 560  # px of the photograph that masks are drawn on
SOURCES: Any = ["upload", "clipboard"]


@dataclass
class Parts:
    """The components that the events are about."""

    content: gr.Image
    styles: gr.Gallery
    drawing: gr.ImageEditor
    preset: gr.Dropdown
    balance: gr.Slider
    paint: gr.Button
    pause: gr.Button
    stop: gr.Button
    recipe: gr.File
    told: gr.HTML
    state: gr.HTML
    bar: gr.HTML
    picture: gr.ImageSlider
    curves: gr.LinePlot
    download: gr.DownloadButton
    made: gr.Gallery
    timer: gr.Timer
    settings: dict[str, Any] = field(default_factory=dict)  # a component for each


def lay_out(
    controls: Sequence[Control], defaults: Settings, limits: Limits, examples: tuple[Path, Path]
) -> Parts:
    """Makes the components, within Gradio's current blocks."""
    gr.Markdown(
        "# nstjax\nA photograph painted in the style of a painting. "
        "Drop or paste both, and press **Paint**.",
        elem_id="title",
    )
    made: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    prominent = {each.name: each for each in controls if each.name in PROMINENT}

    def add(name: str, **others: Any) -> None:
        settings[name] = component(prominent[name], getattr(defaults, name), **others)

    with gr.Row(elem_id="main"):
        with gr.Column(min_width=0):
            made |= _pictures(examples)
            with gr.Row():
                made["paint"] = gr.Button("Paint", variant="primary", elem_id="paint", min_width=80)
                made["pause"] = gr.Button("Pause", interactive=False, elem_id="pause", min_width=80)
                made["stop"] = gr.Button("Stop", interactive=False, elem_id="stop", min_width=80)
            made["told"] = gr.HTML(elem_id="told", padding=False)
        with gr.Column(min_width=0, elem_id="results"):
            made |= _results()
        with gr.Column(min_width=0):
            with gr.Row():
                made["preset"] = gr.Dropdown(
                    list(PRESETS),
                    value="default",
                    label="preset",
                    info="a recipe that sets all others",
                    elem_id="preset",
                    min_width=140,
                )
                add("size", min_width=140)
            with gr.Row():
                made["balance"] = gr.Slider(
                    *BALANCE,
                    value=0,
                    step=0.01,
                    label="balance",
                    info="to the left painting, to the right photograph",
                    elem_id="balance",
                    buttons=[],
                    scale=2,
                    min_width=140,
                )
                add("content_weight", scale=1, min_width=120, info=None)
            with gr.Row():
                add("style_weight", min_width=140)
                add("tv_weight", min_width=140)
            with gr.Row():
                add("color", min_width=140)
                add("seed", min_width=140)
            made["drawing"] = _drawing()
            _more(controls, defaults, settings)
            with gr.Accordion("Take the settings of a picture", open=False):
                made["recipe"] = gr.File(
                    label="A picture that nstjax has made",
                    file_types=["image"],
                    height=110,
                    elem_id="recipe",
                )
    made["timer"] = gr.Timer(IDLE)
    gr.Markdown(f"Pictures of up to {limits.largest} px. They are gone once this page is closed.")
    return Parts(**made, settings=settings)


def component(control: Control, value: Any, **others: Any) -> Any:
    """What a setting is shown in; what is entered, `Settings` checks."""
    common = {
        "label": control.label,
        "info": control.help,
        "value": control.shown(value),
        "interactive": True,
        "elem_id": f"setting-{control.name}",
        **others,
    }
    if control.is_typed:
        placeholder = "none" if control.optional else None
        return gr.Textbox(max_lines=1, placeholder=placeholder, **common)
    if control.kind == "choice":
        return gr.Dropdown(list(control.choices), **common)
    if control.kind == "flag":
        return gr.Checkbox(**common)
    return gr.Number(precision=0 if control.kind == "whole" else None, **common)


def _pictures(examples: tuple[Path, Path]) -> dict[str, Any]:
    """Where pictures are dropped."""
    with gr.Row():
        content = gr.Image(
            label="Photograph",
            type="filepath",
            image_mode=None,
            sources=SOURCES,
            height=220,
            elem_id="content",
            min_width=140,
        )
        styles = gr.Gallery(
            label="Paintings",
            type="filepath",
            sources=SOURCES,
            file_types=["image"],
            interactive=True,
            columns=2,
            height=220,
            object_fit="contain",
            elem_id="styles",
            min_width=140,
        )
    gr.Examples(
        [[str(examples[0]), [str(examples[1])]]],
        inputs=[content, styles],
        label="Pictures to try",
        elem_id="examples",
        cache_examples=False,
        api_visibility="private",
    )
    return {"content": content, "styles": styles}


def _drawing() -> gr.ImageEditor:
    with gr.Accordion("Where it is painted", open=False):
        first, *others = BRUSHES
        gr.Markdown(
            f"Draw on the photograph: {first} is painted like the first painting, {', '.join(others)} "
            "like the next ones. Elsewhere the photograph stays. Where nothing is drawn at all, all of "
            "it is painted."
        )
        return gr.ImageEditor(
            type="numpy",
            sources=(),
            transforms=(),
            layers=False,
            brush=gr.Brush(
                colors=list(BRUSHES.values()), color_mode="fixed", default_size=DRAWING_SIZE // 12
            ),
            canvas_size=(DRAWING_SIZE, DRAWING_SIZE),
            format="png",
            show_label=False,
            buttons=[],
            elem_id="drawing",
        )


def _more(controls: Sequence[Control], defaults: Settings, settings: dict[str, Any]) -> None:
    """All settings that stand nowhere else, by their groups."""
    with gr.Accordion("More", open=False, elem_id="more"):
        for group in dict.fromkeys(each.group for each in controls):
            others = [c for c in controls if c.group == group and c.name not in PROMINENT]
            if not others:
                continue
            with gr.Accordion(group, open=False):
                gr.Markdown(about(group))
                for control in others:
                    value = getattr(defaults, control.name)
                    settings[control.name] = component(control, value)


def _results() -> dict[str, Any]:
    return {
        "picture": gr.ImageSlider(
            label="Before and after",
            type="filepath",
            interactive=False,
            buttons=["fullscreen"],
            elem_id="picture",
            max_height=640,
        ),
        "bar": gr.HTML(elem_id="bar", padding=False),
        "state": gr.HTML(elem_id="state", padding=False),
        "download": gr.DownloadButton(
            "Download PNG with its settings", interactive=False, elem_id="download"
        ),
        "curves": gr.LinePlot(
            x="step",
            y="log10 of loss",
            color="loss",
            color_map=COLORS,
            colors_in_legend=[],  # Gradio's legend has no names where the plot begins empty
            label="Losses: " + ", ".join(f"{name} ({color})" for name, color in COLORS.items()),
            height=310,
            buttons=[],
            elem_id="curves",
        ),
        "made": gr.Gallery(
            label="Made on this page",
            columns=4,
            height=240,
            fit_columns=False,
            object_fit="contain",
            interactive=False,
            elem_id="made",
            buttons=["download", "fullscreen"],
        ),
    }


def bundled_pictures(folder: Path) -> tuple[Path, Path]:
    """The bundled pictures where Gradio may serve them."""
    place = folder / "examples"
    place.mkdir()
    for name in ("content.jpg", "style.jpg"):
        with importlib.resources.as_file(
            importlib.resources.files("nstjax") / "demo" / name
        ) as file:
            shutil.copy(file, place / name)
    return place / "content.jpg", place / "style.jpg"
