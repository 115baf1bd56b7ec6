"""Phrases of recorded instruments: four sounds in a row, cut from the sound font of the Python package pretty_midi."""

from __future__ import annotations

import numpy as np
from pypi_data import Wheel, read

WHEEL = Wheel("pretty_midi", "0.2.11.post0", "a3e2321736245a9c92259716d85a4762f16b7bde2f591fb0dba95bdb6e793d8a")
RATE, PARTS, PART = 8000, 4, 2800
FRAMES, BANDS = 40, 40
# How the recordings of each instrument are called in the sound font.
NAMES = {"flute": "Flute", "trumpet": "Trump", "oboe": "Oboe", "piano": "Piano", "voice": "Aahs", "snare": "Snare"}
_HEADER = np.dtype(
    "S20, <u4, <u4, <u4, <u4, <u4, u1, i1, <u2, <u2"  # name, start, end, loop, rate, pitch, correction, link, type
)


def recordings() -> list[list[np.ndarray]]:
    """For each instrument its recordings at 8 kHz, from -1 to 1."""
    font = read(WHEEL, "pretty_midi/TimGM6mb.sf2")
    pressure = np.frombuffer(_chunk(font, b"smpl"), "<i2") / 32768
    found: list[list[np.ndarray]] = [[] for _ in NAMES]
    for name, start, end, _, _, rate, *_ in np.frombuffer(_chunk(font, b"shdr"), _HEADER).tolist():
        for sounds, prefix in zip(found, NAMES.values(), strict=True):
            if name.decode("latin1").startswith(prefix) and end - start > 2400:
                moments = np.arange(0, end - start - 1, rate / RATE)
                sounds.append(np.interp(moments, np.arange(end - start), pressure[start:end]))
    return found


def _chunk(font: bytes, name: bytes) -> bytes:
    """The content of a chunk of a RIFF file."""
    at = font.index(name) + 4
    return font[at + 4 : at + 4 + int.from_bytes(font[at : at + 4], "little")]


def phrases(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Phrases (count, 11200) of four sounds, each of another pitch and loudness, and which instruments play, (count, 4)."""
    random = np.random.default_rng(seed)
    sounds = recordings()
    played = random.integers(len(NAMES), size=(count, PARTS))
    waves = np.zeros((count, PARTS, PART), "float32")
    for phrase, instruments in zip(waves, played, strict=True):
        for part, instrument in zip(phrase, instruments, strict=True):
            sound = sounds[instrument][random.integers(len(sounds[instrument]))]
            speed = 2 ** random.uniform(-0.25, 0.25)
            moments = np.arange(0, min(len(sound) - 1, 0.9 * PART * speed), speed)
            part[: len(moments)] = random.uniform(0.4, 1) * np.interp(moments, np.arange(len(sound)), sound)
    return waves.reshape(count, -1) + random.normal(0, 0.002, (count, PARTS * PART)).astype("float32"), played


def spectrograms(waves: np.ndarray) -> np.ndarray:
    """How loud each of 40 bands of pitches is in each of 40 frames, (N, 40, 40), about -2 to 2."""
    frames = waves.reshape(len(waves), FRAMES, -1)
    power = np.abs(np.fft.rfft(frames * np.hanning(frames.shape[-1])))[:, :, : 3 * BANDS]
    return (np.log(power.reshape(len(waves), FRAMES, BANDS, 3).mean(-1) + 0.01) / 2).astype("float32")
