"""What the server keeps of many steps: little memory, and exactly what was read."""

import tracemalloc

import numpy as np

from tb_attention.plugin.known_manifest import KnownManifest, PackedManifests, SiteSet

SITES = SiteSet(())
MEASURES = ("entropy", "largest")


def manifest(step: int, facts: str = "{}") -> KnownManifest:
    text = b'{"sites":0,"step":%d,"logs":{"loss":%.9f,"val_loss":%.9f},"v":"17960397815375%d"}' % (
        step,
        1 / (step + 1),
        2 / (step + 3),
        step * 7919,
    )
    return KnownManifest("attention", facts, text, SITES, 2, MEASURES)


def test_packed_manifests_are_those_that_were_packed() -> None:
    known = [
        None if step in (3, 256, 999) else manifest(step, facts="{}" if step < 600 else "[]") for step in range(1000)
    ]
    packed = PackedManifests(known)
    assert packed.unpacked() == known
    assert len(packed) == 1000
    assert [packed[index] for index in (0, 3, 255, 256, 599, 600, 998, 999)] == [
        known[index] for index in (0, 3, 255, 256, 599, 600, 998, 999)
    ]


def test_what_comes_goes_and_is_read_at_last_is_packed_again() -> None:
    old = [None if step == 5 else manifest(step) for step in range(600)]
    before = PackedManifests(old)
    places = np.append(np.arange(600), -1)
    places[5] = -1  # read now
    grown = [*old[:5], manifest(5), *old[6:], manifest(600)]
    assert PackedManifests(grown, before, places).unpacked() == grown
    thinned = grown[2:]
    assert PackedManifests(thinned, PackedManifests(grown), np.arange(2, 601)).unpacked() == thinned


def test_a_step_takes_less_than_a_hundred_bytes_and_is_counted() -> None:
    known = [manifest(step) for step in range(20_000)]
    tracemalloc.start()
    packed = PackedManifests(known)
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken < 100 * len(known)
    assert 0.9 < packed.nbytes / taken < 1.5, (packed.nbytes, taken)
