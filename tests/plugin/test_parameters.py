"""Parameters are checked at the door and refused with a sentence."""

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tb_attention.errors import ArgumentError
from tb_attention.plugin import parameters


def request(**query):
    return Request(EnvironBuilder(query_string=query).get_environ())


@pytest.mark.parametrize(("value", "step"), [("0", 0), ("12", 12), ("999999999999", 999_999_999_999), ("init", "init")])
def test_a_step_is_an_integer_or_init(value, step):
    assert parameters.step(request(step=value)) == step


@pytest.mark.parametrize(
    "value", ["", "-1", "1.0", "1e3", "0x1", " 1", "1\n", "٣", "9" * 13, "9" * 5000, "Init", "..", "\0"]
)
def test_other_steps_are_refused_with_what_came(value):
    with pytest.raises(ArgumentError, match="Received: step="):
        parameters.step(request(step=value))


def test_a_missing_parameter_is_named():
    with pytest.raises(ArgumentError, match="`sample` is missing"):
        parameters.number(request(), "sample")


def test_the_attempt_may_be_left_out_but_is_never_zero():
    assert parameters.attempt(request()) is None
    assert parameters.attempt(request(attempt="2")) == 2
    with pytest.raises(ArgumentError, match="integer from 1"):
        parameters.attempt(request(attempt="0"))


@pytest.mark.parametrize(
    "value",
    ["../samples-0f3a5c9e1b2d", "samples-0f3a5c9e1b2d.npz", "samples-XYZ", "samples-0f3a/..", "step-000000000001"],
)
def test_a_set_of_samples_names_nothing_but_a_samples_file(value):
    with pytest.raises(ArgumentError, match="Received: set="):
        parameters.samples_set(request(set=value))


@pytest.mark.parametrize("value", ["a\0b", "a\nb", "", "x" * 1025])
def test_text_has_no_control_characters_and_a_limit(value):
    with pytest.raises(ArgumentError, match="Received: run="):
        parameters.text(request(run=value), "run")
