/** Names as strangers chose them. */

import { element } from "./dom.js";
import { number } from "./format.js";

/**
 * A name as the server prepares it: text and escapes in turn.
 * @typedef {{parts: string[], bytes: number, is_cut: boolean}} Name
 */

/**
 * Shows a name in a cell; the whole of it, as far as it is known, in the cell's title.
 * @param {HTMLElement} node
 * @param {Name} name
 * @param {string} nameless what stands for an empty name
 */
export function showName(node, name, nameless) {
  if (isNews(node, name)) {
    node.title = plain(name, nameless);
    node.replaceChildren(isolated(name, nameless));
  }
}

/**
 * Notes what a node shows. Whether it has to be drawn anew.
 * @param {HTMLElement} node
 * @param {unknown} data
 */
export function isNews(node, data) {
  const before = node.dataset.shown;
  node.dataset.shown = JSON.stringify(data);
  return node.dataset.shown !== before;
}

/**
 * A name that cannot disturb the text around it.
 * @param {Name} name
 * @param {string} nameless
 */
export function isolated(name, nameless) {
  if (name.bytes === 0) {
    return element("span", { class: "nameless" }, nameless);
  }
  const parts = name.parts.map((part, index) => (index % 2 ? element("span", { class: "escape" }, part) : part));
  return element("bdi", { class: "name-text" }, ...parts, name.is_cut ? "…" : "");
}

/**
 * A name as plain text.
 * @param {Name} name
 * @param {string} nameless
 */
export function plain(name, nameless) {
  if (name.bytes === 0) {
    return nameless;
  }
  const text = name.parts.join("");
  return name.is_cut ? `${text}… (${number(name.bytes)} bytes)` : text;
}
