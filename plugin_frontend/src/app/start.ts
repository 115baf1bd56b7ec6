/** Starts the tab in the page that it is in. */
import { mount } from "svelte";
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/shared.css";
import { openWith } from "../api/transport";
import { Store } from "../state/store.svelte";
import App from "./App.svelte";

/** After so long the page says that it is loading. */
const SILENT_MS = 150;

/** `opening`: the answer to the first requests (`api/opening.ts`), where one was asked for. */
export async function start(opening?: Promise<Response | null>): Promise<void> {
  if (opening) openWith(opening);
  const store = new Store();
  store.start();
  // What has come is drawn once, not piece by piece.
  await Promise.race([store.opened, new Promise((resolve) => setTimeout(resolve, SILENT_MS))]);
  mount(App, { target: document.body, props: { store } });
}
