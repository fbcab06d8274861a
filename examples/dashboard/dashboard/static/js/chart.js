/** A line of how many were online in the last minutes. It draws itself anew with each sample and each change of its size. */

import { shape } from "./dom.js";
import { duration, number, timeOfDay } from "./format.js";
import { LONGEST, span, ticks } from "./scale.js";

/** Pixels around the line, for the labels and its last dot. */
const TOP = 18;
const RIGHT = 5;
const BOTTOM = 22;
/** Milliseconds between two points that the line does not bridge: nobody knows what was in between. */
const GAP = 5_000;

/** @typedef {{at: number, value: number}} Point */

export class Chart {
  #picture;
  #name;
  #title;
  /** @type {Point[]} */
  #points = [];
  #now = 0;
  #pointer = NaN;

  /**
   * @param {SVGSVGElement} picture
   * @param {string} name of what is counted, for ids
   * @param {string} title
   */
  constructor(picture, name, title) {
    this.#picture = picture;
    this.#name = name;
    this.#title = title;
    new ResizeObserver(() => this.#draw()).observe(picture);
    picture.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    picture.addEventListener("pointerleave", () => this.#point(NaN));
  }

  /**
   * @param {Point[]} points the oldest first
   * @param {number} now
   */
  show(points, now) {
    this.#points = points.filter(({ at }) => at > now - LONGEST && at <= now);
    this.#now = now;
    this.#draw();
  }

  #point(/** @type {number} */ x) {
    this.#pointer = x;
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#picture;
    if (this.#points.length === 0 || width === 0) {
      this.#picture.replaceChildren();
      return;
    }
    const values = this.#points.map((point) => point.value);
    const marks = ticks(Math.min(...values), Math.max(...values));
    const [low, high] = [marks[0], marks[marks.length - 1]];
    const shown = span(this.#now - this.#points[0].at);
    const frame = {
      width,
      bottom: height - BOTTOM,
      x: (/** @type {number} */ at) => (1 - (this.#now - at) / shown) * (width - RIGHT),
      y: (/** @type {number} */ value) => TOP + ((high - value) / (high - low)) * (height - TOP - BOTTOM),
    };
    this.#picture.replaceChildren(
      ...marks.flatMap((value) => mark(frame, value)),
      ...times(frame, shown, height),
      ...line(frame, this.#points, `${this.#name}-below`),
      ...(Number.isNaN(this.#pointer) ? [] : reading(frame, nearest(frame, this.#points, this.#pointer))),
    );
    this.#picture.setAttribute(
      "aria-label",
      `${this.#title} online, the last ${duration(shown)}: ${number(values[values.length - 1])} at the end, ` +
        `between ${number(Math.min(...values))} and ${number(Math.max(...values))}`,
    );
  }
}

/** @typedef {{width: number, bottom: number, x: (at: number) => number, y: (value: number) => number}} Frame */

function mark(/** @type {Frame} */ { width, y }, /** @type {number} */ value) {
  const height = Math.round(y(value)) + 0.5;
  return [
    shape("line", { class: "grid", x1: 0, x2: width, y1: height, y2: height }),
    shape("text", { class: "tick", x: 0, y: height - 5 }, number(value)),
  ];
}

function times(/** @type {Frame} */ { width }, /** @type {number} */ shown, /** @type {number} */ height) {
  return [
    shape("text", { class: "tick", x: 0, y: height - 4 }, `${duration(shown)} ago`),
    shape("text", { class: "tick", x: width, y: height - 4, "text-anchor": "end" }, "now"),
  ];
}

/** The line, in pieces where nothing is known in between, what is below it, and its last point. */
function line(/** @type {Frame} */ { bottom, x, y }, /** @type {Point[]} */ points, /** @type {string} */ shade) {
  /** @type {string[][]} */
  const pieces = [];
  points.forEach((point, index) => {
    if (index === 0 || point.at - points[index - 1].at > GAP) {
      pieces.push([]);
    }
    pieces[pieces.length - 1].push(`${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`);
  });
  const below = pieces.map((piece) => {
    const [first, last] = [piece[0], piece[piece.length - 1]].map((place) => place.split(" ")[0]);
    return `M${first} ${bottom}L${piece.join("L")}L${last} ${bottom}Z`;
  });
  const last = points[points.length - 1];
  return [
    // It fades before it reaches the axis, which may not begin at 0.
    shape(
      "linearGradient",
      { id: shade, x2: 0, y2: 1 },
      shape("stop", { class: "shade", "stop-opacity": 0.16 }),
      shape("stop", { class: "shade", "stop-opacity": 0, offset: 1 }),
    ),
    shape("path", { fill: `url(#${shade})`, d: below.join("") }),
    shape("path", { class: "line", d: pieces.map((piece) => `M${piece.join("L")}`).join("") }),
    shape("circle", { class: "dot", cx: x(last.at), cy: y(last.value), r: 3.5 }),
  ];
}

function nearest(/** @type {Frame} */ { x }, /** @type {Point[]} */ points, /** @type {number} */ pointer) {
  return points.reduce((best, point) =>
    Math.abs(x(point.at) - pointer) < Math.abs(x(best.at) - pointer) ? point : best,
  );
}

/** What the line says at one point. */
function reading(/** @type {Frame} */ { width, bottom, x, y }, /** @type {Point} */ point) {
  const at = x(point.at);
  const isRight = at > width / 2;
  const text = `${number(point.value)} at ${timeOfDay(point.at)}`;
  return [
    shape("line", { class: "pointer", x1: at, x2: at, y1: TOP - 8, y2: bottom }),
    shape("circle", { class: "dot", cx: at, cy: y(point.value), r: 3.5 }),
    shape("text", { class: "reading", x: at + (isRight ? -6 : 6), y: TOP - 2, "text-anchor": isRight ? "end" : "start" }, text),
  ];
}
