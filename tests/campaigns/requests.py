"""The page asked for what it should not do: `python -m campaigns.requests` in `tests`.

Each request must have a clear answer without a traceback: a refusal, or an error in a line. Then twenty
ask at once, and after all that a picture is painted.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from campaigns.bad_requests import LARGEST, MOST, Answer, requests
from reference.page_pictures import draw
from reference.pages import Client, page_at_work

AT_ONCE = 20
TRACES = ("Traceback", 'File "/', "site-packages")
LIMITS = {"largest": LARGEST, "body": MOST, "painting": 2, "waiting": 4}


def judge(answer: Answer) -> str:
    """What is wrong with an answer; empty where it is clear."""
    status, text = answer
    if any(trace in text for trace in TRACES):
        return f"tells of the program: {text[:300]}"
    if "root:x:0" in text:
        return "gives a file away"
    if 400 <= status < 500 or status == 501:
        return ""
    is_told = "problem" in text or ('"error":' in text and '"error":null' not in text)
    return "" if is_told else f"no clear answer: {status} {text[:300]}"


def tried(url: str, folder: Path, every: int = 1) -> Iterator[tuple[str, int, str]]:
    """Each request, or every so many: its name, status and what is wrong."""
    for place, (name, send) in enumerate(requests(url, folder)):
        if place % every == 0:
            try:
                answer = send()
            except Exception as error:
                yield name, 0, f"{type(error).__name__}: {error}"
                continue
            yield name, answer[0], judge(answer)


def crowd(url: str, folder: Path) -> list[str]:
    """What twenty come to that want a picture at the same time."""
    pictures = draw(folder, "photo.png", "painting.png")

    def paint(_: int) -> str:
        page = Client(url)
        page.drop(*pictures)
        page.set(setting__size=32, setting__coarse_steps=0, setting__steps=3)
        told = page.in_turn("paint", "click").get("told", "")
        if "in line here already" in told:
            return "refused"
        return "done" if "Done" in page.watch()["state"] else told

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(paint, range(AT_ONCE)))


def campaign(folder: Path, every: int = 1) -> dict:
    """The whole of it, or every so many of the requests; `wrong` is empty where all is well."""
    pages = folder / "page"
    pages.mkdir()
    with page_at_work(pages, **LIMITS) as url:
        found = list(tried(url, folder, every))
        outcomes = crowd(url, folder)
        # Whoever was refused may try again.
        after = crowd(url, folder)
    wrong = [[name, why] for name, _, why in found if why]
    if not {"done"} <= set(outcomes) <= {"done", "refused"} or "done" not in after:
        wrong.append(["twenty at once", f"{outcomes}, then {after}"])
    return {
        "requests": len(found),
        "answers": {name: status for name, status, _ in found},
        "twenty at once": {each: outcomes.count(each) for each in sorted(set(outcomes))},
        "wrong": wrong,
    }


def main() -> int:
    """Runs the campaign; the exit code is 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the record")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = campaign(Path(folder))
    print(json.dumps(found, indent=1))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return bool(found["wrong"])


if __name__ == "__main__":
    raise SystemExit(main())
