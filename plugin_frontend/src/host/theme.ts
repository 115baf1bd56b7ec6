/** Light or dark. TensorBoard does not pass it to plugins: only a class on its own body shows it. */

import { STANDALONE } from "./standalone";

function hostBody(): HTMLElement | null {
  if (STANDALONE) return null;
  try {
    return parent !== window ? parent.document.body : null;
  } catch {
    return null;
  }
}

/** Calls `changed` now and whenever the theme changes; returns the function that stops it. */
export function watchTheme(changed: (dark: boolean) => void): () => void {
  const body = hostBody();
  if (body) {
    const report = () => changed(body.classList.contains("dark-mode"));
    const observer = new MutationObserver(report);
    observer.observe(body, { attributes: true, attributeFilter: ["class"] });
    report();
    return () => observer.disconnect();
  }
  const query = matchMedia("(prefers-color-scheme: dark)");
  const report = () => changed(query.matches);
  query.addEventListener("change", report);
  report();
  return () => query.removeEventListener("change", report);
}
