/** The script of a stand-alone page: the same app, with the log that lies in the page. */
import { mount } from "svelte";
import "../styles/fonts.css";
import "../styles/tokens.css";
import "../styles/shared.css";
import { Store } from "../state/store.svelte";
import App from "./App.svelte";

const store = new Store();
store.start();
mount(App, { target: document.body, props: { store } });
