/** The keys of the tab work from the first moment: TensorBoard leaves the focus on its own page. */

import { STANDALONE } from "./standalone";
import { isVisible, onVisibilityChanged } from "./visible";

const TYPED_IN = "input, textarea, select, [contenteditable]";

function takeFocus(): void {
  if (STANDALONE || parent === window) return;
  try {
    if (!parent.document.activeElement?.matches(TYPED_IN)) window.focus();
  } catch {
    // A page of another origin keeps its focus.
  }
}

/** Takes the focus whenever the tab is shown, unless somebody types elsewhere. */
export function takeFocusWhenShown(): void {
  let shown = false;
  const report = () => {
    if (isVisible() && !shown) takeFocus();
    shown = isVisible();
  };
  report();
  onVisibilityChanged(report);
}
