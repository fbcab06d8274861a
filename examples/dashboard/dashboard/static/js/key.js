/** The figures of a key: how many are online, the record, and the chart. */

import { Chart } from "./chart.js";
import { copy, setText } from "./dom.js";
import { date, duration, number } from "./format.js";

/**
 * Times are Unix milliseconds, durations milliseconds.
 * @typedef {object} KeyState
 * @property {string} key
 * @property {number | null} online
 * @property {number | null} peak
 * @property {number | null} peak_at
 * @property {number | null} ttl
 * @property {number | null} retain
 * @property {number} changes
 * @property {string | null} problem what Redis says instead
 */

export class KeyFigures {
  section = copy("key-template");
  /** @type {KeyState | null} */
  state = null;
  #chart;
  #part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (this.section.querySelector(selector));

  /**
   * @param {string} name
   * @param {string} title
   */
  constructor(name, title) {
    this.name = name;
    this.title = title;
    this.section.dataset.key = name;
    const heading = this.#part("h2");
    heading.id = `${name}-title`;
    this.#part(".title").textContent = title;
    this.section.setAttribute("aria-labelledby", heading.id);
    this.#chart = new Chart(/** @type {SVGSVGElement} */ (this.section.querySelector(".chart")), name, title);
  }

  /** @param {KeyState} state */
  show(state) {
    this.state = state;
    setText(this.#part(".key-name"), state.key);
    setText(this.#part(".count"), state.online === null ? "–" : number(state.online));
    setText(this.#part(".peak"), state.peak === null ? "–" : number(state.peak));
    this.section.classList.toggle("refused", state.problem !== null);
    const time = /** @type {HTMLTimeElement} */ (this.#part("time"));
    setText(time, state.peak_at === null ? "none yet" : date(state.peak_at));
    time.dateTime = state.peak_at === null ? "" : new Date(state.peak_at).toISOString();
    setText(this.#part(".terms"), terms(state));
    setText(this.#part(".problem"), state.problem ?? "");
    this.#part(".problem").hidden = state.problem === null;
  }

  /** @param {import("./samples.js").Sample[]} samples */
  draw(samples) {
    const now = samples[samples.length - 1]?.at ?? 0;
    const points = samples.flatMap((sample) => {
      const value = sample[this.name];
      return value === null ? [] : [{ at: sample.at, value }];
    });
    this.#chart.show(points, now);
  }
}

/** For how long a touch counts. */
function terms(/** @type {KeyState} */ { online, ttl, retain }) {
  if (ttl === null) {
    return online === 0 ? "There is no such key" : "";
  }
  const remembered = retain ? `, remembered for ${duration(retain)}` : "";
  return `Online for ${duration(ttl)} once seen${remembered}`;
}
