/** Is somebody online? */

import { ask, Problem } from "./api.js";
import { element, setText } from "./dom.js";
import { ago, duration } from "./format.js";
import { isolated, plain } from "./name.js";
import { Refresher } from "./refresher.js";

/**
 * @typedef {{state: "online" | "seen" | "unknown", last_seen: number | null}} Found
 * @typedef {{now: number, name: import("./name.js").Name, found: Record<string, Found>}} Answer
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
  /** @type {Answer | null} */
  #answer = null;
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
    const items = this.#output.querySelectorAll(".detail");
    this.#keys.forEach((key, index) => {
      if (this.#answer && items[index]) {
        setText(items[index], detail(this.#answer.found[key.name], key, this.#clock.now()));
      }
    });
  }

  #ask(/** @type {string} */ question) {
    this.#question = question;
    this.#said = "";
    this.#answer = null;
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
      this.#answer = null;
      this.#output.replaceChildren(element("p", { class: "problem" }, `${answer.message}.`));
      this.#say(answer.message);
    } else {
      this.#clock.set(answer.now);
      this.#show(answer);
    }
  }

  #show(/** @type {Answer} */ answer) {
    this.#answer = answer;
    const items = this.#keys.map((key) => {
      const { state } = answer.found[key.name];
      return element(
        "li",
        { class: "found", "data-key": key.name, "data-state": state },
        element("span", { class: "lamp" }),
        element("span", { class: "where" }, key.title),
        element("span", {}, element("strong", {}, WORDS[state]), " ", element("span", { class: "detail" })),
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
