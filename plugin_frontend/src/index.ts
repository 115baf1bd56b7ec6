/**
 * What TensorBoard imports: a module with an export named render. It is small, so that the tab's script (which the browser may
 * keep for ever, as its name has a hash), its styles and what the first picture needs are asked for at the same time.
 */
function askForStyles(): void {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: new URL("index.css", document.baseURI).href });
  document.head.append(link);
}

/** What of the choices in the link (`host/link.ts`) decides what is fetched first, as the parameters of `opening`. */
function choices(): string {
  let { hash } = location;
  try {
    ({ hash } = parent.location);
  } catch {
    // A page of others, such as a notebook's.
  }
  const ours = /^#?p\.attention\.((?:run|tag|attempt|matrices|step|sample|site|view)=.*)$/;
  return hash
    .split("&")
    .flatMap((part) => ours.exec(part)?.[1] ?? [])
    .join("&");
}

export async function render(): Promise<void> {
  document.documentElement.lang = "en";
  document.title = "Attention";
  askForStyles();
  const opening = fetch(new URL(`opening?${choices()}`, document.baseURI)).catch(() => null);
  const { start } = await import("./app/start");
  await start(opening);
}
