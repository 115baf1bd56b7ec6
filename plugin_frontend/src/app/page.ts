/** The script of the stand-alone page: the same app, with the log that the page embeds. */
import { mount } from "svelte";
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/shared.css";
import { Store } from "../state/store.svelte";
import App from "./App.svelte";

const store = new Store();
store.start();
mount(App, { target: document.body, props: { store } });
