/** What a chart's axes show. */

const MINUTE = 60_000;
/** Milliseconds that a chart shows: the shortest of these that its points fit in. */
const SPANS = [1, 2, 5, 10].map((minutes) => minutes * MINUTE);
export const LONGEST = SPANS[SPANS.length - 1];
/** About as many steps has the axis of values. */
const STEPS = 3;
/** What the axis covers at least, a part of the highest value and so many: one more or less is no leap. */
const LEAST_PART = 1 / 20;
const LEAST = 10;

/**
 * The span of time to show.
 * @param {number} age milliseconds since the oldest point
 */
export function span(age) {
  return SPANS.find((candidate) => candidate >= age) ?? LONGEST;
}

/**
 * The values to mark, the lowest and the highest being the axis's ends. It begins at 0 unless that made a flat line of what
 * goes on high above.
 * @param {number} lowest
 * @param {number} highest
 * @returns {number[]}
 */
export function ticks(lowest, highest) {
  const least = Math.max(LEAST, highest * LEAST_PART);
  const from = lowest < highest / 2 ? 0 : Math.max(0, Math.min(lowest, highest - least));
  const step = roundStep((highest - from) / STEPS);
  const first = Math.floor(from / step) * step;
  const steps = Math.max(2, Math.ceil((highest - first) / step));
  return Array.from({ length: steps + 1 }, (_, index) => first + index * step);
}

/** The next of 1, 2, 5, 10, 20, 50 and so on. */
function roundStep(/** @type {number} */ size) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, size)));
  return power * ([1, 2, 5].find((factor) => factor * power >= size) ?? 10);
}
