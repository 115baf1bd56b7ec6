/** A canvas of the view painted anew at twice the screen's size, with a caption below it. */
import type { Surface } from "./surface";

interface Repaint {
  width: number;
  height: number;
  paint: (surface: Surface) => void;
}

/** How each canvas on the page was painted last. */
export const repaints = new WeakMap<HTMLCanvasElement, Repaint>();

const [MARGIN, LINE] = [12, 18];

/** The largest canvas inside `place` that can be painted anew; null where what is shown is text only. */
function largest(place: Element): Repaint | null {
  const known = [...place.querySelectorAll("canvas")].flatMap((canvas) => repaints.get(canvas) ?? []);
  return known.reduce<Repaint | null>(
    (best, one) => (!best || one.width * one.height > best.width * best.height ? one : best),
    null,
  );
}

/** A PNG; null where there is no canvas. `colors`: of the page and of its text. */
export async function pictureFile(
  place: Element,
  caption: string[],
  colors: { page: string; text: string },
): Promise<Blob | null> {
  const source = largest(place);
  if (!source) return null;
  const ratio = 2 * (window.devicePixelRatio || 1);
  const own = document.createElement("canvas");
  [own.width, own.height] = [Math.round(source.width * ratio), Math.round(source.height * ratio)];
  const whole = document.createElement("canvas");
  whole.width = own.width + 2 * MARGIN * ratio;
  whole.height = own.height + (2 * MARGIN + LINE * caption.length) * ratio;
  const [inner, outer] = [own.getContext("2d"), whole.getContext("2d")];
  if (!inner || !outer) return null;
  source.paint({ context: inner, width: own.width, height: own.height, ratio });
  outer.fillStyle = colors.page;
  outer.fillRect(0, 0, whole.width, whole.height);
  outer.drawImage(own, MARGIN * ratio, MARGIN * ratio);
  outer.fillStyle = colors.text;
  outer.font = `${12 * ratio}px Roboto, Arial, sans-serif`;
  caption.forEach((line, i) =>
    outer.fillText(line, MARGIN * ratio, own.height + (MARGIN + LINE * (i + 0.9)) * ratio, own.width),
  );
  return new Promise((resolve) => whole.toBlob(resolve, "image/png"));
}
