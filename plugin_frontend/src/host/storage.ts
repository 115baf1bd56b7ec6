/** What the browser keeps for this tab. In a private window, or where it is full, it keeps nothing: that is no error of ours. */

/** The text under a key; null where there is none, or where the browser refuses to say. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text, or forgets the key if it is null; whether that worked. */
export function store(key: string, text: string | null): boolean {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}

/** Calls back when another window of this browser changes something. */
export function whenStored(changed: (key: string | null) => void): void {
  window.addEventListener("storage", (event) => changed(event.key));
}
