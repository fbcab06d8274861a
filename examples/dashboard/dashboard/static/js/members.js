/** Who is online in a key, newest first. */

import { copy, element, setText } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { isNews, isolated, plain } from "./name.js";
import { PagedTable } from "./paged-table.js";

/**
 * Times are Unix milliseconds: `until` is when a member is offline unless it is seen again. `sessions` is how many it has.
 * @typedef {import("./name.js").Name} Name
 * @typedef {{name: Name, last_seen: number, until: number, sessions: number, meta: Name | null}} Member
 */

const NAMELESS = "(no name)";

/** @type {import("./paged-table.js").Rows<Member>} */
const ROWS = {
  make: () =>
    element(
      "tr",
      {},
      element("th", { scope: "row", class: "name" }),
      element("td", { class: "number seen" }),
      element("td", { class: "number left" }, element("span", { class: "remaining" }), element("span", {})),
    ),
  fill: (node, member) => showMember(node.cells[0], member),
  age: (node, { last_seen, until }, now) => {
    const [, seen, left] = node.cells;
    const [bar, text] = /** @type {HTMLCollectionOf<HTMLElement>} */ (left.children);
    setText(seen, ago(last_seen, now));
    setText(text, duration(until - now, Math.ceil));
    bar.style.setProperty("--part", String(Math.max(0, (until - now) / (until - last_seen)).toFixed(3)));
  },
};

/** A name, and beside it how many sessions the member has, and its metadata; the cell's title has all of it. */
function showMember(/** @type {HTMLElement} */ cell, /** @type {Member} */ { name, sessions, meta }) {
  if (!isNews(cell, [name, sessions, meta])) {
    return;
  }
  const texts = [plain(name, NAMELESS)];
  /** @type {(Node | string)[]} */
  const nodes = [isolated(name, NAMELESS)];
  if (sessions > 0) {
    const count = `${number(sessions)} ${sessions === 1 ? "session" : "sessions"}`;
    texts.push(count);
    nodes.push(" ", element("span", { class: "sessions" }, count));
  }
  if (meta !== null) {
    texts.push(plain(meta, ""));
    nodes.push(" ", element("span", { class: "meta" }, isolated(meta, "")));
  }
  cell.title = texts.join("\n");
  cell.replaceChildren(...nodes);
}

/**
 * The table of a key.
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.title
 * @param {import("./clock.js").Clock} parts.clock
 * @param {import("./announcer.js").Announcer} parts.announcer
 */
export function membersTable({ name, title, clock, announcer }) {
  const section = copy("list-template");
  section.dataset.key = name;
  const heading = section.querySelector("h2");
  heading.id = `${name}-list-title`;
  heading.textContent = `${title}, newest first`;
  section.setAttribute("aria-labelledby", heading.id);
  section.querySelector("caption").textContent = `${title} online, who was seen last comes first`;
  section.querySelector(".pager").setAttribute("aria-label", `Pages of ${title.toLowerCase()}`);
  const table = new PagedTable({
    section,
    path: `/api/keys/${name}/members`,
    rows: ROWS,
    empty: "Nobody is online.",
    clock,
    onPage: (range) => announcer.say(`${title} ${range}`),
  });
  return { section, table };
}
