/** The time at Redis, which all times on the page are of. */

export class Clock {
  #ahead = Date.now() - performance.now();

  /** @param {number} unix the time at Redis, in milliseconds */
  set(unix) {
    this.#ahead = unix - performance.now();
  }

  /** Unix milliseconds. */
  now() {
    return performance.now() + this.#ahead;
  }
}
