/** Numbers, times and durations as text. */

const LANGUAGE = document.documentElement.lang;

const numbers = new Intl.NumberFormat(LANGUAGE);
const dates = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });
const clocks = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium" });

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @param {number} value */
export function number(value) {
  return numbers.format(value);
}

/** @param {number} unix milliseconds */
export function date(unix) {
  return dates.format(unix);
}

/** @param {number} unix milliseconds */
export function timeOfDay(unix) {
  return clocks.format(unix);
}

/**
 * A duration in its largest unit: "48 s", "5 min", "3 h", "2 d".
 * @param {number} milliseconds
 * @param {(value: number) => number} round
 */
export function duration(milliseconds, round = Math.floor) {
  const span = Math.max(0, milliseconds);
  if (span < MINUTE) {
    return `${round(span / SECOND)}\u00a0s`;
  }
  if (span < HOUR) {
    return `${round(span / MINUTE)}\u00a0min`;
  }
  return span < DAY ? `${round(span / HOUR)}\u00a0h` : `${number(round(span / DAY))}\u00a0d`;
}

/**
 * How long ago something was.
 * @param {number} unix milliseconds
 * @param {number} now milliseconds
 */
export function ago(unix, now) {
  return now - unix < SECOND ? "now" : `${duration(now - unix)} ago`;
}
