/** Whether this is a stand-alone page and not TensorBoard's tab. Known when it is built, so that neither carries the other's code. */
export const STANDALONE = import.meta.env.MODE === "page";
