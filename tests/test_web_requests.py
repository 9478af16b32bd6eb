"""The campaign of requests in a short form: every sixth of them, and twenty visitors at once."""

import pytest

pytest.importorskip("gradio", reason="the page's libraries are not installed")

from campaigns.requests import campaign


def test_what_should_not_work_is_told_and_the_page_paints_on(tmp_path):
    found = campaign(tmp_path, every=6)
    assert not found["wrong"], found["wrong"]
    assert found["requests"] >= 10
    assert set(found["twenty at once"]) == {"done", "refused"}
