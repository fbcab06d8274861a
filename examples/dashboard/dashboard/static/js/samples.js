/** How many were online, second by second, for the last ten minutes. */

import { ask } from "./api.js";

const MOST = 600;
/** Milliseconds between two samples of which none is missing between them. */
const GAP = 2_500;

/** @typedef {{at: number} & Record<string, number | null>} Sample */

export class Samples {
  /** @type {Sample[]} */
  list = [];
  #isLoading = false;
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {Sample} sample */
  add(sample) {
    const newest = this.list.at(-1);
    // Some were missed: the tab slept, or the page has just begun.
    if (!newest || sample.at - newest.at > GAP) {
      this.#load();
    }
    this.list.push(sample);
    this.list.splice(0, this.list.length - MOST);
    this.#onChange();
  }

  async #load() {
    if (this.#isLoading) {
      return;
    }
    this.#isLoading = true;
    try {
      const loaded = /** @type {Sample[]} */ (await ask("/api/samples"));
      const newer = this.list.filter((sample) => sample.at > (loaded.at(-1)?.at ?? 0));
      this.list = [...loaded, ...newer].slice(-MOST);
      this.#onChange();
    } catch {
      // What there is has a gap, and the next sample asks again only where there is another one.
    } finally {
      this.#isLoading = false;
    }
  }
}
