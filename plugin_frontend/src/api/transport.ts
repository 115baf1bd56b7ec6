/** Who answers the client's requests: the plugin's routes, or, in a stand-alone page, the log that it holds. */
import { answerFrom, heldLog } from "./held/log";
import { STANDALONE } from "../host/standalone";

export type Transport = (url: string, options: { signal: AbortSignal | null }) => Promise<Response>;

/** `data/plugin/attention/`, however deep TensorBoard is served: the page has it as its base, so prefixes and proxies work. */
export const ROOT = () => (STANDALONE ? "page:///" : document.baseURI);

export const transport: Transport = STANDALONE
  ? answerFrom(heldLog(() => document.querySelector<HTMLTemplateElement>("template#log")?.content.textContent ?? ""))
  : (url, options) => fetch(url, options);
