/** Starts the tab in the page that it is in. */
import { mount } from "svelte";
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/shared.css";
import { Store } from "../state/store.svelte";
import App from "./App.svelte";

export function start(): void {
  const store = new Store();
  store.start();
  mount(App, { target: document.body, props: { store } });
}
