/** How loud each pitch of a sound is at each time. */

export interface Spectrogram {
  /** Windows, one after the other. */
  columns: number;
  /** Pitches from the lowest; half of the rate is the highest. */
  rows: number;
  /** Loudness from 0 (60 dB below the loudest) to 1, column by column. */
  loudness: Float32Array;
}

/** Of a window, so that a hum of 60 Hz and a click of 10 ms are both seen. */
const SECONDS = 0.03;
const DECIBELS = 60;

const known = new WeakMap<Float32Array, Spectrogram>();

/** The spectrogram of a sound, at most `most` windows; computed once. */
export function spectrogramOf(sound: Float32Array, rate: number, most = 400): Spectrogram {
  let made = known.get(sound);
  if (!made) known.set(sound, (made = compute(sound, rate, most)));
  return made;
}

function compute(sound: Float32Array, rate: number, most: number): Spectrogram {
  const size = 2 ** Math.max(5, Math.min(11, Math.round(Math.log2(rate * SECONDS))));
  const hop = Math.max(size / 4, Math.ceil(sound.length / most));
  const columns = Math.max(1, Math.ceil(sound.length / hop));
  const rows = size / 2;
  const power = new Float32Array(columns * rows);
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  for (let column = 0; column < columns; column++) {
    const start = Math.round((column + 0.5) * hop - size / 2);
    for (let i = 0; i < size; i++) {
      real[i] = (sound[start + i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size));
      imaginary[i] = 0;
    }
    transform(real, imaginary);
    for (let row = 0; row < rows; row++) power[column * rows + row] = real[row]! ** 2 + imaginary[row]! ** 2;
  }
  const loudest = power.reduce((a, b) => Math.max(a, b), 1e-20);
  const loudness = power.map((each) => Math.max(0, 1 + (10 * Math.log10(each / loudest + 1e-20)) / DECIBELS));
  return { columns, rows, loudness };
}

/** The discrete Fourier transform in place, of a power of 2 (Cooley and Tukey). */
export function transform(real: Float64Array, imaginary: Float64Array): void {
  const size = real.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      [real[i], real[j]] = [real[j]!, real[i]!];
      [imaginary[i], imaginary[j]] = [imaginary[j]!, imaginary[i]!];
    }
  }
  for (let length = 2; length <= size; length *= 2) {
    const angle = (-2 * Math.PI) / length;
    for (let start = 0; start < size; start += length) {
      for (let k = 0; k < length / 2; k++) {
        const [cos, sin] = [Math.cos(angle * k), Math.sin(angle * k)];
        const [a, b] = [start + k, start + k + length / 2];
        const x = real[b]! * cos - imaginary[b]! * sin;
        const y = real[b]! * sin + imaginary[b]! * cos;
        [real[b], imaginary[b]] = [real[a]! - x, imaginary[a]! - y];
        [real[a], imaginary[a]] = [real[a]! + x, imaginary[a]! + y];
      }
    }
  }
}
