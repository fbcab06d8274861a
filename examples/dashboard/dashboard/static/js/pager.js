/** First, previous, next and last page. */

import { element, setText } from "./dom.js";
import { number } from "./format.js";

export class Pager {
  #range = element("span", { class: "range" });
  #group;
  #buttons;
  #size;
  #offset = 0;
  #total = 0;

  /**
   * @param {HTMLElement} nav
   * @param {number} size rows of a page
   * @param {(offset: number) => void} go is told where the reader wants to go
   */
  constructor(nav, size, go) {
    this.#size = size;
    this.#buttons = [
      button("First page", "«", () => 0),
      button("Previous page", "‹", () => this.#offset - size),
      button("Next page", "›", () => this.#offset + size),
      button("Last page", "»", () => this.last()),
    ];
    for (const { node, target } of this.#buttons) {
      node.addEventListener("click", () => {
        if (this.#leadsOn(target())) {
          go(target());
        }
      });
    }
    this.#group = element("span", { class: "buttons" }, ...this.#buttons.map(({ node }) => node));
    nav.append(this.#range, this.#group);
    this.show(0, 0);
  }

  /** Where the last page begins. */
  last() {
    return Math.floor(Math.max(0, this.#total - 1) / this.#size) * this.#size;
  }

  /** Which rows are shown, as text. */
  get text() {
    return this.#range.textContent ?? "";
  }

  /**
   * @param {number} offset
   * @param {number} total
   */
  show(offset, total) {
    this.#offset = offset;
    this.#total = total;
    const end = Math.min(offset + this.#size, total);
    setText(this.#range, total ? `${number(offset + 1)}–${number(end)} of ${number(total)}` : "");
    this.#group.hidden = total <= this.#size;
    for (const { node, target } of this.#buttons) {
      // Not `disabled`, which would take the focus away from who goes there by keyboard.
      node.setAttribute("aria-disabled", String(!this.#leadsOn(target())));
    }
  }

  #leadsOn(/** @type {number} */ offset) {
    return offset !== this.#offset && offset >= 0 && offset <= this.last();
  }
}

function button(/** @type {string} */ label, /** @type {string} */ sign, /** @type {() => number} */ target) {
  const node = element("button", { type: "button", "aria-label": label, title: label }, element("span", {}, sign));
  return { node, target };
}
