"""The table of sources: every entry complete, and files known by whole or shortened hashes."""

import re

import pytest

from weights_tools import SOURCES, WeightsError, sources
from weights_tools.layout import STAGES
from weights_tools.preprocessing import PREPROCESSINGS


@pytest.mark.parametrize("source", SOURCES.values(), ids=str)
def test_an_entry_is_complete(source):
    assert SOURCES[source.name] is source
    assert source.architecture in STAGES
    assert source.architecture == source.name.split("-")[0]
    assert bool(source.urls) != bool(source.requirement)
    assert all(re.fullmatch(r"https://[\w./~-]+", url) for url in source.urls)
    assert re.fullmatch(r"[\w.-]+", source.file_name)
    assert source.accepted
    for digest in (*source.accepted, source.member_digest):
        assert re.fullmatch(r"md5:[\da-f]{32}|sha256:([\da-f]{8}|[\da-f]{64})|None", str(digest))
    assert source.license
    assert source.origin in (*source.urls, source.requirement)
    assert source.origin in source.by_hand


def test_names_and_files_are_unique():
    assert len({source.file_name for source in SOURCES.values()}) == len(SOURCES)
    digests = [digest for source in SOURCES.values() for digest in source.accepted]
    assert len(set(digests)) == len(digests)


def test_a_hash_in_a_file_name_is_that_of_the_file():
    for source in SOURCES.values():
        if found := re.search(r"-([\da-f]{8})\.pth$", source.file_name):
            assert source.digest.startswith(f"sha256:{found[1]}")


@pytest.mark.parametrize(
    ("name", "convention"),
    [
        ("vgg19", "caffe"),
        ("vgg19-torchvision", "torchvision"),
        ("vgg16-timm", "torchvision"),
        ("vgg19-matconvnet", "caffe-rgb"),
        ("vgg19-normalized", "caffe"),
        ("vgg16-johnson", "caffe"),
    ],
)
def test_what_a_network_expects(name, convention):
    assert SOURCES[name].preprocessing == PREPROCESSINGS[convention]


def test_a_file_is_known_by_each_of_its_hashes():
    known = sources.identify
    assert known({"md5": "253f8cb515780f3b799900260a226db6"}) is SOURCES["vgg19"]
    wheel = SOURCES["vgg16-hed"]
    for digest in (wheel.digest, wheel.member_digest):
        assert known({"sha256": digest.removeprefix("sha256:")}) is wheel
    johnson = SOURCES["vgg19-johnson"]
    assert known({"md5": "0", "sha256": "d01eb7cb" + "0" * 56}) is johnson
    again = "dd893d447ece014ad32d71b8d32b1e0b5c09b912a2866990c286fdeebd368d74"
    assert known({"sha256": again}) is johnson
    # A beginning of a whole hash is not enough, nor the right hash of another kind, nor none.
    assert known({"sha256": again[:-1] + "5"}) is None
    assert known({"sha256": "dcbb9e9d" + "0" * 56}) is None
    assert known({"md5": "d01eb7cb" + "0" * 24}) is None
    assert known({}) is None


def test_a_hash_is_told_in_full_or_not_at_all():
    assert SOURCES["vgg19-timm"].sha256.startswith("11aea017")
    assert not SOURCES["vgg19"].sha256
    assert not SOURCES["vgg19-johnson"].sha256


def test_an_unknown_name_lists_those_there_are():
    with pytest.raises(WeightsError, match="'vgg91' is neither a known network .vgg19, vgg16, "):
        sources.find("vgg91")
