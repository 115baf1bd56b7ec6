/** Hands a file to the browser's downloads. */
export function download(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Later, because Safari reads it only after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Lets the browser fetch a file from the server into its downloads. */
export function follow(url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = "";
  link.click();
}
