/** What the page says of its connection: whether it is live, and what to think of the numbers where it is not. */

import { element, setText } from "./dom.js";
import { timeOfDay } from "./format.js";

/**
 * @typedef {{state: "up" | "lost" | "silent", since: number}} Link whether Redis answers, and since when
 * @typedef {{state: "on" | "off" | "unknown" | "refused", missing: string, wanted: string}} Events how changes are told
 * @typedef {{state: string, title: string, notice: (Node | string)[]}} Condition what to say
 */

const LISTS = new Intl.ListFormat(document.documentElement.lang);
const AS_IT_WAS = "What you see is as it was; the page goes on by itself.";

export class Connection {
  #status;
  #notice;
  #page;
  #announcer;
  #isHeard = true;
  /** @type {Link | null} */
  #link = null;
  /** @type {Events | null} */
  #events = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.status
   * @param {HTMLElement} parts.notice
   * @param {HTMLElement} parts.page what is dimmed while it may be out of date
   * @param {import("./announcer.js").Announcer} parts.announcer
   */
  constructor({ status, notice, page, announcer }) {
    this.#status = status;
    this.#notice = notice;
    this.#page = page;
    this.#announcer = announcer;
  }

  /** @param {boolean} isHeard whether the page's own server is */
  setHeard(isHeard) {
    this.#isHeard = isHeard;
    this.#show();
  }

  /** @param {Link} link */
  setLink(link) {
    this.#link = link;
    this.#show();
  }

  /** @param {Events} events */
  setEvents(events) {
    this.#events = events;
    this.#show();
  }

  #show() {
    const { state, title, notice } = this.#condition();
    const line = element("span", {}, ...notice);
    const isLost = state === "lost";
    const hasChanged = this.#status.dataset.state !== state || this.#notice.textContent !== line.textContent;
    if (!hasChanged) {
      return;
    }
    this.#status.dataset.state = state;
    setText(/** @type {Element} */ (this.#status.querySelector(".text")), title);
    this.#notice.hidden = notice.length === 0;
    this.#notice.classList.toggle("grave", isLost);
    this.#notice.replaceChildren(line);
    this.#page.classList.toggle("stale", isLost);
    this.#announcer.say(`${title}. ${line.textContent}`);
  }

  /** @returns {Condition} */
  #condition() {
    if (!this.#isHeard) {
      return { state: "lost", title: "Not connected", notice: [`The page’s own server does not answer. ${AS_IT_WAS}`] };
    }
    const since = timeOfDay(this.#link?.since ?? 0);
    if (this.#link?.state === "lost") {
      return { state: "lost", title: "Redis lost", notice: [`Connection to Redis lost at ${since}. ${AS_IT_WAS}`] };
    }
    if (this.#link?.state === "silent") {
      return { state: "lost", title: "Redis silent", notice: [`Redis has not answered since ${since}. ${AS_IT_WAS}`] };
    }
    if (!this.#link || !this.#events) {
      return { state: "connecting", title: "Connecting", notice: [] };
    }
    if (this.#events.state === "on") {
      return { state: "live", title: "Live", notice: [] };
    }
    return { state: "polling", title: "Polling", notice: why(this.#events) };
  }
}

/** Why the page is not told of changes, and what it does instead. */
function why(/** @type {Events} */ { state, missing, wanted }) {
  if (state === "refused") {
    return ["The page’s Redis user may not listen to the keys’ events, so the page asks once a second."];
  }
  if (state === "unknown") {
    return ["The page’s Redis user may not ask whether events are on, so the page asks once a second."];
  }
  return [
    "Events are off: ",
    element("code", {}, "presence.events"),
    ` lacks ${LISTS.format(missing)}, so the page asks once a second. `,
    element("code", {}, `CONFIG SET presence.events ${wanted}`),
    " makes it live.",
  ];
}
