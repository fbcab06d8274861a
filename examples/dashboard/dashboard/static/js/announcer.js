/** What is read aloud, politely: what a reader asked for, what becomes of the connection, and the numbers now and then. */

import { setText } from "./dom.js";

/** Milliseconds between two tellings of the numbers. */
const SELDOM = 60_000;

export class Announcer {
  #region;
  #numbersAt = -Infinity;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
  }

  /** @param {string} text */
  say(text) {
    setText(this.#region, text);
  }

  /** @param {string} text how many are online */
  sayNumbers(text) {
    if (performance.now() - this.#numbersAt > SELDOM) {
      this.#numbersAt = performance.now();
      this.say(text);
    }
  }
}
