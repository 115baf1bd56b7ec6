/** A scene as PDF, with the letters that it uses of Roboto inside. Fetched only when a PDF is asked for. */
import bold from "@expo-google-fonts/roboto/700Bold/Roboto_700Bold.ttf?url";
import medium from "@expo-google-fonts/roboto/500Medium/Roboto_500Medium.ttf?url";
import regular from "@expo-google-fonts/roboto/400Regular/Roboto_400Regular.ttf?url";
import { GState, jsPDF } from "jspdf";
import { painted } from "./pngFile";
import type { Color, Item, Scene, Text } from "./scene/scene";

const POINTS = 0.75;
const FACES = { 400: regular, 500: medium, 700: bold } as const;
type Weight = keyof typeof FACES;
/** Texts in other scripts become pixels, so fine that they print well. */
const FINE = 6;

const faceOf = (weight: number): Weight => (weight >= 650 ? 700 : weight >= 450 ? 500 : 400);

async function base64(url: string): Promise<string> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the font could not be fetched: ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  let binary = "";
  for (let i = 0; i < bytes.length; i += 0x8000) binary += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(binary);
}

class Sheet {
  readonly #pdf: jsPDF;
  #opacity = 1;

  constructor({ width, height }: Scene, title: string) {
    const format = [width * POINTS, height * POINTS];
    const orientation = width > height ? "landscape" : "portrait";
    this.#pdf = new jsPDF({ unit: "pt", format, orientation, compress: true, putOnlyUsedFonts: true });
    this.#pdf.setProperties({ title, creator: "tb_attention" });
  }

  async addFonts(scene: Scene): Promise<void> {
    const used = new Set(scene.items.flatMap((item) => (item.kind === "text" ? [faceOf(item.weight)] : [])));
    for (const weight of used) {
      this.#pdf.addFileToVFS(`Roboto-${weight}.ttf`, await base64(FACES[weight]));
      this.#pdf.addFont(`Roboto-${weight}.ttf`, `Roboto${weight}`, "normal");
    }
  }

  #fade(opacity: number): void {
    if (opacity === this.#opacity) return;
    this.#opacity = opacity;
    this.#pdf.setGState(new GState({ opacity, "stroke-opacity": opacity }));
  }

  rectangle(x: number, y: number, width: number, height: number, [r, g, b]: Color): void {
    this.#pdf.setFillColor(r, g, b);
    this.#pdf.rect(x * POINTS, y * POINTS, width * POINTS, height * POINTS, "F");
  }

  draw(item: Item): void {
    const pdf = this.#pdf;
    if (item.clip) {
      const { x, y, width, height } = item.clip;
      pdf.saveGraphicsState();
      pdf.rect(x * POINTS, y * POINTS, width * POINTS, height * POINTS, null);
      pdf.clip();
      pdf.discardPath();
    }
    if (item.kind === "path") this.#path(item);
    else if (item.kind === "text") this.#text(item);
    else this.#image(item.canvas, item.x, item.y, item.width, item.height);
    if (item.clip) {
      pdf.restoreGraphicsState();
      this.#opacity = NaN;
    }
  }

  #path({ segments, fill, stroke, lineWidth, dash }: Item & { kind: "path" }): void {
    const pdf = this.#pdf;
    const put = () =>
      pdf.path(
        segments.map((segment) => {
          if (segment.kind === "close") return { op: "h", c: [] };
          const op = segment.kind === "curve" ? "c" : segment.kind === "move" ? "m" : "l";
          return { op, c: segment.at.map((value) => value * POINTS) };
        }),
      );
    if (fill) {
      this.#fade(fill[3]);
      pdf.setFillColor(fill[0], fill[1], fill[2]);
      put();
      pdf.fill();
    }
    if (stroke && lineWidth > 0) {
      this.#fade(stroke[3]);
      pdf.setDrawColor(stroke[0], stroke[1], stroke[2]);
      pdf.setLineWidth(lineWidth * POINTS);
      pdf.setLineDashPattern(
        dash.map((part) => part * POINTS),
        0,
      );
      put();
      pdf.stroke();
    }
  }

  #text(item: Text): void {
    const pdf = this.#pdf;
    pdf.setFont(`Roboto${faceOf(item.weight)}`, "normal");
    if (!this.#hasLetters(item.text)) return this.#textAsPixels(item);
    const [r, g, b, opacity] = item.color;
    this.#fade(opacity);
    pdf.setTextColor(r, g, b);
    pdf.setFontSize(item.size * POINTS);
    const own = pdf.getTextWidth(item.text) / POINTS;
    const options = { angle: -item.angle, horizontalScale: own > 0 && item.width > 0 ? item.width / own : 1 };
    pdf.text(item.text, item.x * POINTS, item.y * POINTS, options);
  }

  /** Whether the font has all letters of a text: there is none for every script. */
  #hasLetters(text: string): boolean {
    const { metadata } = this.#pdf.getFont() as unknown as {
      metadata: { characterToGlyph: (code: number) => number };
    };
    return Array.from(text).every((letter) => metadata.characterToGlyph(letter.codePointAt(0) ?? 0) > 0);
  }

  #textAsPixels(item: Text): void {
    const long = Math.ceil(item.width) + 2;
    const high = Math.ceil(1.6 * item.size);
    const base = 1.2 * item.size;
    const upright = item.angle === 0;
    const [width, height] = upright ? [long, high] : [high, long];
    const [x, y] = upright ? [0, base] : item.angle < 0 ? [base, long] : [high - base, 0];
    const scene: Scene = {
      width,
      height,
      background: [0, 0, 0, 0],
      items: [{ ...item, x, y, clip: null }],
    };
    this.#image(painted(scene, FINE), item.x - x, item.y - y, width, height);
  }

  #image(canvas: HTMLCanvasElement, x: number, y: number, width: number, height: number): void {
    this.#fade(1);
    this.#pdf.addImage(
      canvas.toDataURL("image/png"),
      "PNG",
      x * POINTS,
      y * POINTS,
      width * POINTS,
      height * POINTS,
      undefined,
      "FAST",
    );
  }

  finish(): Blob {
    return this.#pdf.output("blob");
  }
}

export async function pdfFile(scene: Scene, title: string): Promise<Blob> {
  const sheet = new Sheet(scene, title);
  await sheet.addFonts(scene);
  sheet.rectangle(0, 0, scene.width, scene.height, scene.background);
  for (const item of scene.items) sheet.draw(item);
  return sheet.finish();
}
