/** Is somebody online? */

import { ask, Problem } from "./api.js";
import { element, setText } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { isolated, plain } from "./name.js";
import { Refresher } from "./refresher.js";

/**
 * What a key knows of a member: `total` is how many sessions it has, `sessions` are the newest of them.
 * @typedef {import("./name.js").Name} Name
 * @typedef {{name: Name, last_seen: number, group: Name | null, meta: Name | null}} Session
 * @typedef {object} Found
 * @property {"online" | "seen" | "unknown"} state
 * @property {number | null} last_seen
 * @property {Name | null} meta
 * @property {number} total
 * @property {Session[]} sessions
 *
 * @typedef {{now: number, name: Name, found: Record<string, Found>}} Answer
 * @typedef {import("./key.js").KeyFigures} KeyFigures
 */

const WORDS = { online: "online", seen: "not online", unknown: "not known" };

export class Search {
  #input;
  #output;
  #keys;
  #clock;
  #announcer;
  #refresher = new Refresher(() => this.#read());
  #question = "";
  /** @type {[Element, (now: number) => string][]} What is read of the answer's times, and where. */
  #aging = [];
  /** What was read aloud of this question; it is read again only when it has become something else. */
  #said = "";

  /**
   * @param {HTMLElement} section
   * @param {KeyFigures[]} keys
   * @param {import("./clock.js").Clock} clock
   * @param {import("./announcer.js").Announcer} announcer
   */
  constructor(section, keys, clock, announcer) {
    this.#input = /** @type {HTMLInputElement} */ (section.querySelector("input"));
    this.#output = /** @type {HTMLElement} */ (section.querySelector(".answer"));
    this.#keys = keys;
    this.#clock = clock;
    this.#announcer = announcer;
    section.querySelector("form")?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask(this.#input.value);
    });
    this.#input.addEventListener("input", () => {
      if (this.#input.value === "") {
        this.#ask("");
      }
    });
  }

  /** Somebody may have come or gone. */
  refresh() {
    if (this.#question !== "") {
      this.#refresher.soon();
    }
  }

  /** Time has passed. */
  tick() {
    const now = this.#clock.now();
    this.#aging.forEach(([node, text]) => setText(node, text(now)));
  }

  #ask(/** @type {string} */ question) {
    this.#question = question;
    this.#said = "";
    this.#aging = [];
    this.#output.replaceChildren();
    this.#refresher.now();
  }

  async #read() {
    const question = this.#question;
    if (question === "") {
      return;
    }
    const answer = await ask("/api/search", { member: question }).catch((problem) => problem);
    if (question !== this.#question) {
      return; // The reader asks for somebody else meanwhile.
    }
    if (answer instanceof Problem) {
      this.#aging = [];
      this.#output.replaceChildren(element("p", { class: "problem" }, `${answer.message}.`));
      this.#say(answer.message);
    } else {
      this.#clock.set(answer.now);
      this.#show(answer);
    }
  }

  #show(/** @type {Answer} */ answer) {
    this.#aging = [];
    const items = this.#keys.map((key) => {
      const found = answer.found[key.name];
      const { state, meta } = found;
      return element(
        "li",
        { class: "found", "data-key": key.name, "data-state": state },
        element("span", { class: "lamp" }),
        element("span", { class: "where" }, key.title),
        element(
          "div",
          {},
          element("strong", {}, WORDS[state]),
          " ",
          this.#age("detail", (now) => detail(found, key, now)),
          ...(meta ? [" ", element("span", { class: "meta" }, isolated(meta, ""))] : []),
          ...this.#sessions(found),
        ),
      );
    });
    this.#output.replaceChildren(
      element("p", { class: "asked" }, isolated(answer.name, "")),
      element("ul", {}, ...items),
    );
    this.tick();
    const states = this.#keys.map((key) => `${key.title}: ${WORDS[answer.found[key.name].state]}`);
    this.#say(`${plain(answer.name, "")}. ${states.join(". ")}.`);
  }

  /** The sessions of a member, the newest first, each with when it was seen, its group and its metadata. */
  #sessions(/** @type {Found} */ { sessions, total }) {
    if (total === 0) {
      return [];
    }
    const items = sessions.map(({ name, group, meta, last_seen }) =>
      element(
        "li",
        {},
        this.#age("age", (now) => ago(last_seen, now)),
        " ",
        isolated(name, ""),
        ...(group ? [" ", element("span", { class: "group" }, isolated(group, ""))] : []),
        ...(meta ? [" ", element("span", { class: "meta" }, isolated(meta, ""))] : []),
      ),
    );
    if (total > sessions.length) {
      items.push(element("li", { class: "more" }, `and ${number(total - sessions.length)} more`));
    }
    return [element("ul", { class: "sessions", "aria-label": "Sessions" }, ...items)];
  }

  /** A text that changes as time passes. */
  #age(/** @type {string} */ name, /** @type {(now: number) => string} */ text) {
    const node = element("span", { class: name });
    this.#aging.push([node, text]);
    return node;
  }

  #say(/** @type {string} */ text) {
    if (text !== this.#said) {
      this.#said = text;
      this.#announcer.say(text);
    }
  }
}

function detail(/** @type {Found} */ { last_seen }, /** @type {KeyFigures} */ { state }, /** @type {number} */ now) {
  if (last_seen !== null) {
    return `last seen ${ago(last_seen, now)}`;
  }
  const memory = Math.max(state?.ttl ?? 0, state?.retain ?? 0);
  return memory ? `not seen in the last ${duration(memory)}` : "";
}
