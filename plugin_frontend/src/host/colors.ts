/** The colours of styles/tokens.css, for what is drawn on a canvas. */

export type Token = "--bg" | "--page" | "--text" | "--text2" | "--line" | "--line2" | "--sel" | "--bar";

export function themeColors(): (token: Token) => string {
  const style = getComputedStyle(document.documentElement);
  return (token) => style.getPropertyValue(token);
}
