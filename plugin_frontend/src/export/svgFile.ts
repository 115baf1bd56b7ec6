/** A scene as SVG: shapes as shapes, texts as texts, pixels as PNG inside it. */
import { hex } from "./scene/color";
import type { Color, Item, Scene, Segment } from "./scene/scene";

const n = (value: number) => String(Math.round(value * 100) / 100);

/** What XML does not allow at all is left out. */
export function escaped(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign] ?? "")
  );
}

export function pathData(segments: Segment[]): string {
  const letters = { move: "M", line: "L", curve: "C" } as const;
  return segments
    .map((segment) => (segment.kind === "close" ? "Z" : letters[segment.kind] + segment.at.map(n).join(" ")))
    .join("");
}

function paint(name: "fill" | "stroke", color: Color | null): string {
  if (!color) return name === "fill" ? ' fill="none"' : "";
  return ` ${name}="${hex(color)}"${color[3] < 1 ? ` ${name}-opacity="${n(color[3])}"` : ""}`;
}

function element(item: Item): string {
  switch (item.kind) {
    case "path": {
      const line = item.stroke ? ` stroke-width="${n(item.lineWidth)}"` : "";
      const dash = item.dash.length ? ` stroke-dasharray="${item.dash.map(n).join(" ")}"` : "";
      return `<path d="${pathData(item.segments)}"${paint("fill", item.fill)}${paint("stroke", item.stroke)}${line}${dash}/>`;
    }
    case "text": {
      const rtl = !item.angle && item.width > 0 && item.direction === "rtl";
      // From right to left, a text begins at its right end.
      const [x, y] = [n(item.x + (rtl ? item.width : 0)), n(item.y)];
      const direction = rtl ? ' direction="rtl"' : "";
      const turn = item.angle ? ` transform="rotate(${n(item.angle)} ${x} ${y})"` : "";
      const weight = item.weight === 400 ? "" : ` font-weight="${item.weight}"`;
      const fitted = item.width > 0 ? ` textLength="${n(item.width)}" lengthAdjust="spacingAndGlyphs"` : "";
      return `<text x="${x}" y="${y}" font-size="${n(item.size)}"${weight}${paint("fill", item.color)}${fitted}${direction}${turn}>${escaped(item.text)}</text>`;
    }
    case "image": {
      const place = `x="${n(item.x)}" y="${n(item.y)}" width="${n(item.width)}" height="${n(item.height)}"`;
      return `<image ${place} preserveAspectRatio="none" href="${item.canvas.toDataURL("image/png")}"/>`;
    }
  }
}

export function svgFile(scene: Scene, title: string): Blob {
  const clips: string[] = [];
  const parts: string[] = [];
  let open = "";
  for (const item of scene.items) {
    const { clip } = item;
    const box = clip ? `x="${n(clip.x)}" y="${n(clip.y)}" width="${n(clip.width)}" height="${n(clip.height)}"` : "";
    if (box !== open) {
      if (open) parts.push("</g>");
      if (box) {
        if (!clips.includes(box)) clips.push(box);
        parts.push(`<g clip-path="url(#clip${clips.indexOf(box)})">`);
      }
      open = box;
    }
    parts.push(element(item));
  }
  if (open) parts.push("</g>");
  const [width, height] = [n(scene.width), n(scene.height)];
  const defined = clips.map((box, i) => `<clipPath id="clip${i}"><rect ${box}/></clipPath>`).join("");
  const text =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
    `font-family="Roboto, 'Helvetica Neue', Arial, sans-serif" xml:space="preserve"><title>${escaped(title)}</title>` +
    `<defs>${defined}</defs><rect width="100%" height="100%"${paint("fill", scene.background)}/>${parts.join("\n")}</svg>\n`;
  return new Blob([text], { type: "image/svg+xml" });
}
