/**
 * What TensorBoard imports: a module with an export named render. It is small, so that the tab's script (which the browser may
 * keep for ever, as its name has a hash), its styles and the first answer are asked for at the same time.
 */
function ask(rel: string, file: string, more: Partial<HTMLLinkElement> = {}): void {
  const link = document.createElement("link");
  Object.assign(link, { rel, href: new URL(file, document.baseURI).href, ...more });
  document.head.append(link);
}

export async function render(): Promise<void> {
  document.documentElement.lang = "en";
  document.title = "Attention";
  ask("stylesheet", "index.css");
  ask("preload", "runs", { as: "fetch", crossOrigin: "anonymous" });
  const { start } = await import("./app/start");
  start();
}
