"""Names of files and directories."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tb_attention.errors import ArgumentError
from tb_attention.records.format import paths


@given(st.text(min_size=1, max_size=30))
@example("0A\x80\x80\x80\U00010000.:")  # cut inside of the colon, after a dot
def test_every_tag_has_a_legal_folder_that_says_what_it_is(tag: str) -> None:
    folder = paths.tag_folder(tag)
    assert paths.is_tag_folder(folder)
    assert not set(folder) & set('/\\:*?"<>| ')
    assert not folder.startswith(".")
    assert not folder.endswith(".")
    if "~" not in folder:
        assert paths.folder_tag(folder) == tag.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


@given(st.lists(st.text(min_size=1), min_size=2, max_size=6, unique=True))
def test_different_tags_have_different_folders(tags: list[str]) -> None:
    assert len({paths.tag_folder(tag).casefold() for tag in tags}) == len(tags)


@given(st.text("aAbB/~", min_size=1, max_size=4), st.text("aAbB/~", min_size=1, max_size=4))
def test_tags_that_differ_in_case_only_differ_where_case_is_ignored(one: str, other: str) -> None:
    same = paths.tag_folder(one).casefold() == paths.tag_folder(other).casefold()
    assert same == (one == other)


@pytest.mark.parametrize(
    ("tag", "folder"),
    [
        ("attention", "attention"),
        ("val/attention", "val%2Fattention"),
        ("v1.2", "v1.2"),
        (".", "%2E"),
        ("..", "%2E%2E"),
        ("ünï", "%C3%BCn%C3%AF"),
        ("con", "%63on"),
        ("nul.x", "%6Eul.x"),
        ("Val/A", "Val%2FA~dc75186f6760"),
        ("NUL", "%4EUL~ae6de1827cfc"),
        ("console", "console"),
        ("tfevents", "tfevent%73"),
    ],
)
def test_folders_as_the_format_says(tag: str, folder: str) -> None:
    assert paths.tag_folder(tag) == folder
    assert paths.folder_tag(folder) == tag
    assert paths.earlier_tag_folder(tag) == folder.partition("~")[0]


def test_a_long_tag_is_cut_and_gets_a_hash() -> None:
    one, two = paths.tag_folder("ü" * 200), paths.tag_folder("ü" * 201)
    assert one != two
    assert len(one) <= 48
    assert one[-13] == "~"
    assert paths.is_tag_folder(one)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".hidden", "a.", "~x", "a" * 200, "a\n", "a~123"])
def test_other_folders_are_not_tags(name: str) -> None:
    assert not paths.is_tag_folder(name)


@pytest.mark.parametrize("step", [0, 7, 10**12 - 1, "init"])
def test_step_files_are_recognised_by_name(step: int | str) -> None:
    assert paths.file_step(paths.step_file(step)) == step  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name",
    [
        "step-1.npz",
        "step-0000000000001.npz",
        "step-00000000000x.npz",
        ".tmp-1-step-init.npz",
        "step-init.npz.bak",
        "step-init.npz\n",
    ],
)
def test_other_files_are_not_steps(name: str) -> None:
    assert paths.file_step(name) is None


@pytest.mark.parametrize("step", [-1, 10**12, 1.0, True, "last", None])
def test_anything_but_a_step_is_refused(step: object) -> None:
    with pytest.raises(ArgumentError, match="`step` must be an integer from 0"):
        paths.check_step(step)


@pytest.mark.parametrize("name", ["0", "01", "-1", "1x", "", "9999999999", "superseded-3"])
def test_other_folders_are_not_attempts(name: str) -> None:
    assert paths.attempt_number(name) is None


def test_init_comes_first() -> None:
    assert sorted([3, "init", 0], key=paths.step_order) == ["init", 0, 3]  # type: ignore[arg-type]


@pytest.mark.parametrize("tag", ["", None, 3])
def test_an_empty_tag_is_refused(tag: object) -> None:
    with pytest.raises(ArgumentError, match="`tag` must be a string of at least one character"):
        paths.tag_folder(tag)  # type: ignore[arg-type]
