/** Plays a part of a sound. The plugin's frame may load no media, but may play what it has computed. */

/** Rates that every browser plays. */
const [LOWEST, HIGHEST] = [3000, 384_000];

export const canPlay = (rate: number): boolean =>
  rate >= LOWEST && rate <= HIGHEST && typeof AudioContext === "function";

export interface Playing {
  stop: () => void;
  /** When it has been played to its end, or was stopped. */
  done: Promise<void>;
}

let context: AudioContext | null = null;
let playing: AudioBufferSourceNode | null = null;

/** Plays from one second to another; what was played before stops. */
export function play(sound: Float32Array, rate: number, from: number, to: number): Playing {
  context ??= new AudioContext();
  void context.resume();
  playing?.stop();
  const largest = sound.reduce((most, each) => Math.max(most, Math.abs(each)), 1);
  const buffer = context.createBuffer(1, sound.length, rate);
  buffer.copyToChannel(
    sound.map((each) => each / largest),
    0,
  );
  const source = context.createBufferSource();
  source.buffer = buffer;
  source.connect(context.destination);
  const done = new Promise<void>((resolve) => (source.onended = () => resolve()));
  source.start(0, from, Math.max(0.01, to - from));
  playing = source;
  return { stop: () => source.stop(), done };
}
