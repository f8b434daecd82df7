"""Whatever stands where a number, a formula or a word of the command line belongs: it is taken, or refused in one
sentence.
"""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.words import read
from heroism.errors import InputError, a_number, fraction, nonnegative, positive, whole_number
from heroism.formulas import evaluate
from heroism.noise import NoiseLevel, log_snr_schedule, paper_schedule
from heroism.targets import ProductMixture, Sphere

plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=8))
anything = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
                        max_leaves=4)
small = st.one_of(anything, st.integers(-3, 70), st.floats(-2.0, 2.0))
quick = settings(max_examples=50, deadline=None, derandomize=True)


def one_sentence(call):
    """What a call returns; None where it is refused as it should be."""
    try:
        return call()
    except InputError as refused:
        assert "\n" not in str(refused) and len(str(refused)) < 1500
        return None


@pytest.mark.parametrize("check", [a_number, fraction, nonnegative, positive, lambda name, x: whole_number(name, x, 0)])
@quick
@given(value=anything)
def test_numbers(check, value):
    found = one_sentence(lambda: check("x", value))
    assert found is None or math.isfinite(found)


@pytest.mark.parametrize("made", [
    lambda a, b: NoiseLevel(a, b), lambda a, b: log_snr_schedule(8, a, b), lambda a, b: paper_schedule(a),
    Sphere, lambda a, b: ProductMixture([0.0, 1.0], a, dim=b), lambda a, b: ProductMixture(a, [1.0], dim=2)])
@quick
@given(first=small, second=small)
def test_objects(made, first, second):
    one_sentence(lambda: made(first, second))


@quick
@given(text=st.one_of(st.text(max_size=60), st.text("()+-*/<>=.,0123456789Klogexp 'e[]{}:", max_size=60)))
def test_formulas(text):
    found = one_sentence(lambda: evaluate(text, {"K": 2.5}))
    assert found is None or isinstance(found, str | bool) or math.isfinite(float(found))


@quick
@given(words=st.lists(st.text(max_size=20) | st.sampled_from(["d=2", "d=4", "distance=[kl]", "-m"]), max_size=4))
def test_command_lines(words):
    found = one_sentence(lambda: read(words))
    assert found is None or all(isinstance(word, str) for word in found)
