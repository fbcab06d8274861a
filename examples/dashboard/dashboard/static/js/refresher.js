/** Reading again: soon after something has changed, but not for each change, and one reading at a time. */

/** Milliseconds between two readings, however much changes. */
const SHORTEST = 1_000;
/** Milliseconds after which to read though nothing is known to have changed: to be seen again, or with one session more, is no event. */
const LONGEST = 5_000;

export class Refresher {
  #read;
  #timer = 0;
  #begun = -Infinity;
  #due = Infinity;
  #isReading = false;

  /** @param {() => Promise<void>} read */
  constructor(read) {
    this.#read = read;
    document.addEventListener("visibilitychange", () => this.soon());
  }

  /** Something may have changed. */
  soon() {
    this.#at(this.#begun + SHORTEST);
  }

  /** Somebody waits. */
  now() {
    this.#at(performance.now());
  }

  #at(/** @type {number} */ due) {
    this.#due = Math.min(this.#due, due);
    if (!this.#isReading) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#run(), Math.max(0, this.#due - performance.now()));
    }
  }

  async #run() {
    // While nobody looks nothing is read; it is due again as soon as somebody does.
    if (document.hidden) {
      return;
    }
    this.#begun = performance.now();
    this.#due = Infinity;
    this.#isReading = true;
    await this.#read();
    this.#isReading = false;
    this.#at(performance.now() + LONGEST);
  }
}
