"""Colors, fonts and the page's few rules of its own; nothing of them is fetched from elsewhere."""

from gradio.themes import Default

CSS = """
.gradio-container { max-width: 1400px !important; margin: 0 auto; }
footer { display: none !important; }
.told, .problem { margin: 0; }
.problem { color: var(--error-text-color); font-weight: 600; }
#title p { margin: 0; color: var(--body-text-color-subdued); }
#main { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); }
#main { grid-template-rows: auto 1fr; }
#results { grid-column: 2; grid-row: 1 / span 2; }
progress { width: 100%; height: 0.6rem; appearance: none; border: none; }
progress, progress::-webkit-progress-bar { background: var(--border-color-primary); }
progress, progress::-webkit-progress-bar { border-radius: 0.3rem; }
progress::-webkit-progress-value { background: var(--slider-color); border-radius: 0.3rem; }
progress::-moz-progress-bar { background: var(--slider-color); border-radius: 0.3rem; }
/* The slider is of a logarithm, which nobody wants to read: the number beside it is the setting. */
#balance input[type="number"], #balance .tab-like-container { display: none; }
#balance .min_value, #balance .max_value { display: none; }
#examples thead { display: none; }
/* One below the other: what is dropped, what it comes to, and then how. */
@media (max-width: 800px) {
  .gradio-container { padding: 0.5rem !important; }
  #main { grid-template-columns: minmax(0, 1fr); grid-template-rows: none; }
  #results { grid-column: 1; grid-row: auto; }
}
"""


def make_theme() -> Default:
    """A calm one, in whatever fonts the system has."""
    return Default(
        primary_hue="indigo",
        neutral_hue="slate",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )
