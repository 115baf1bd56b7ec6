/** What TensorBoard imports: a module with an export named render. */
import { mount } from "svelte";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/shared.css";
import { Store } from "./state/store.svelte";
import App from "./app/App.svelte";

export function render(): void {
  document.documentElement.lang = "en";
  document.title = "Attention";
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = new URL("index.css", document.baseURI).href;
  document.head.append(sheet);
  const store = new Store();
  store.start();
  mount(App, { target: document.body, props: { store } });
}
