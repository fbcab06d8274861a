/** Who is online in a key, newest first. */

import { copy, element, setText } from "./dom.js";
import { ago, duration } from "./format.js";
import { showName } from "./name.js";
import { PagedTable } from "./paged-table.js";

/**
 * Times are Unix milliseconds: `until` is when a member is offline unless it is seen again.
 * @typedef {{name: import("./name.js").Name, last_seen: number, until: number}} Member
 */

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
  fill: (node, { name }) => showName(node.cells[0], name, "(no name)"),
  age: (node, { last_seen, until }, now) => {
    const [, seen, left] = node.cells;
    const [bar, text] = /** @type {HTMLCollectionOf<HTMLElement>} */ (left.children);
    setText(seen, ago(last_seen, now));
    setText(text, duration(until - now, Math.ceil));
    bar.style.setProperty("--part", String(Math.max(0, (until - now) / (until - last_seen)).toFixed(3)));
  },
};

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
