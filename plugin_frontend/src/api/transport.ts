/** Who answers the client's requests: the plugin's routes, or, in a stand-alone page, the log that it holds. */
import { answerFrom, heldLog } from "./held/log";
import { Opening } from "./opening";
import { STANDALONE } from "../host/standalone";

export type Transport = (url: string, options: { signal: AbortSignal | null }) => Promise<Response>;

/** `data/plugin/attention/`, however deep TensorBoard is served: the page has it as its base, so prefixes and proxies work. */
export const ROOT = () => (STANDALONE ? "page:///" : document.baseURI);

let opening: Opening | null = null;

/** What was asked for before this script had come answers the first requests. */
export function openWith(answer: Promise<Response | null>): void {
  opening = new Opening(answer);
}

export const transport: Transport = STANDALONE
  ? answerFrom(heldLog(() => document.querySelector<HTMLTemplateElement>("template#log")?.content.textContent ?? ""))
  : async (url, options) => (await opening?.take(url)) ?? fetch(url, options);
