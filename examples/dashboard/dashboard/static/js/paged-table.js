/** A table of which the page that is looked at is read again as it changes. */

import { ask, Problem } from "./api.js";
import { element } from "./dom.js";
import { Pager } from "./pager.js";
import { Refresher } from "./refresher.js";

const SIZE = 10;

/**
 * What the rows are made of.
 * @template Row
 * @typedef {object} Rows
 * @property {() => HTMLTableRowElement} make a row of empty cells
 * @property {(node: HTMLTableRowElement, row: Row) => void} fill shows a row's data
 * @property {(node: HTMLTableRowElement, row: Row, now: number) => void} age shows what changes as time passes
 */

/** @template Row */
export class PagedTable {
  #parts;
  #body;
  #pager;
  #refresher = new Refresher(() => this.#read());
  #offset = 0;
  #isAwaited = false;
  /** @type {Row[]} */
  #shown = [];

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.section
   * @param {string} parts.path where a page is asked for
   * @param {Rows<Row>} parts.rows
   * @param {string} parts.empty what a table without rows says
   * @param {import("./clock.js").Clock} parts.clock
   * @param {(range: string) => void} parts.onPage the reader has gone to another page
   */
  constructor(parts) {
    this.#parts = parts;
    this.#body = /** @type {HTMLTableSectionElement} */ (parts.section.querySelector("tbody"));
    const nav = /** @type {HTMLElement} */ (parts.section.querySelector(".pager"));
    this.#pager = new Pager(nav, SIZE, (offset) => this.#go(offset));
  }

  /** The rows may have changed. */
  refresh() {
    this.#refresher.soon();
  }

  /** Time has passed. */
  tick() {
    const now = this.#parts.clock.now();
    this.#shown.forEach((row, index) => this.#parts.rows.age(this.#body.rows[index], row, now));
  }

  #go(/** @type {number} */ offset) {
    this.#offset = offset;
    this.#isAwaited = true;
    this.#refresher.now();
  }

  async #read() {
    const offset = this.#offset;
    try {
      const page = await ask(this.#parts.path, { offset: String(offset), limit: String(SIZE) });
      if (offset === this.#offset) {
        this.#show(page);
      }
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      this.#fail(error);
    }
  }

  #show(/** @type {{now: number, total: number, rows: Row[]}} */ page) {
    this.#parts.section.classList.remove("stale");
    this.#parts.clock.set(page.now);
    this.#pager.show(this.#offset, page.total);
    if (this.#offset > this.#pager.last()) {
      // The list has become shorter than that.
      this.#offset = this.#pager.last();
      this.#refresher.now();
      return;
    }
    this.#setRows(page.rows, this.#parts.empty);
    if (this.#isAwaited) {
      this.#isAwaited = false;
      this.#parts.onPage(this.#pager.text);
    }
  }

  #fail(/** @type {Problem} */ problem) {
    if (problem.isRefusal || this.#shown.length === 0) {
      this.#pager.show(0, 0);
      this.#setRows([], problem.message);
    } else {
      // As it was.
      this.#parts.section.classList.add("stale");
    }
  }

  #setRows(/** @type {Row[]} */ rows, /** @type {string} */ empty) {
    const { make, fill } = this.#parts.rows;
    if (this.#shown.length === 0 || rows.length === 0) {
      this.#body.replaceChildren();
    }
    while (this.#body.rows.length > rows.length) {
      this.#body.deleteRow(-1);
    }
    while (this.#body.rows.length < rows.length) {
      this.#body.append(make());
    }
    rows.forEach((row, index) => fill(this.#body.rows[index], row));
    this.#shown = rows;
    if (rows.length === 0) {
      const columns = String(this.#parts.section.querySelectorAll("th[scope=col]").length);
      this.#body.append(element("tr", {}, element("td", { class: "nothing", colspan: columns }, empty)));
    }
    this.tick();
  }
}
