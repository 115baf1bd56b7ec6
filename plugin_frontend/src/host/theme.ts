/** Light or dark. TensorBoard tells its plugins nothing about it: only a class on its own body shows it. */

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
    const tell = () => changed(body.classList.contains("dark-mode"));
    const observer = new MutationObserver(tell);
    observer.observe(body, { attributes: true, attributeFilter: ["class"] });
    tell();
    return () => observer.disconnect();
  }
  const query = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => changed(query.matches);
  query.addEventListener("change", tell);
  tell();
  return () => query.removeEventListener("change", tell);
}
