/** Who is connected to the server itself. */

import { element, setText } from "./dom.js";
import { ago, duration, number } from "./format.js";
import { showName } from "./name.js";
import { PagedTable } from "./paged-table.js";

/**
 * Times are Unix milliseconds.
 * @typedef {object} Client
 * @property {number} id
 * @property {import("./name.js").Name} name
 * @property {import("./name.js").Name} addr
 * @property {import("./name.js").Name} user
 * @property {number} db
 * @property {number} connected_at
 * @property {number} last_interaction
 * @property {boolean} online
 */

/** @type {import("./paged-table.js").Rows<Client>} */
const ROWS = {
  make: () =>
    element(
      "tr",
      {},
      element("th", { scope: "row", class: "number id" }),
      ...["name", "addr", "user", "number db", "number connected", "number interaction"].map((column) =>
        element("td", { class: column }),
      ),
      element("td", { class: "state" }, element("span", { class: "lamp" }), element("span", {})),
    ),
  fill: (node, client) => {
    const [id, name, addr, user, db, , , state] = node.cells;
    setText(id, String(client.id));
    showName(name, client.name, "(no name)");
    showName(addr, client.addr, "(none)");
    showName(user, client.user, "(none)");
    setText(db, String(client.db));
    setText(state.children[1], client.online ? "online" : "idle");
    state.classList.toggle("is-online", client.online);
  },
  age: (node, client, now) => {
    const [, , , , , connected, interaction] = node.cells;
    setText(connected, duration(now - client.connected_at));
    setText(interaction, ago(client.last_interaction, now));
  },
};

export class ClientsTable {
  #section;
  #table;

  /**
   * @param {HTMLElement} section
   * @param {import("./clock.js").Clock} clock
   * @param {import("./announcer.js").Announcer} announcer
   */
  constructor(section, clock, announcer) {
    this.#section = section;
    this.#table = new PagedTable({
      section,
      path: "/api/clients",
      rows: ROWS,
      empty: "Nobody is known to be connected.",
      clock,
      onPage: (range) => announcer.say(`Clients ${range}`),
    });
  }

  /**
   * @param {{connected?: number, online?: number, kept?: number, is_announced?: boolean, problem: string | null}} state
   */
  show(state) {
    setText(/** @type {HTMLElement} */ (this.#section.querySelector(".summary")), summary(state));
    this.refresh();
  }

  refresh() {
    this.#table.refresh();
  }

  tick() {
    this.#table.tick();
  }
}

function summary({ connected = 0, online = 0, kept = 0, is_announced = false, problem = null }) {
  if (problem !== null) {
    return problem;
  }
  const shown = kept < connected ? `, the first ${number(kept)} shown` : "";
  const how = is_announced ? "announced by the server" : "asked for every 2 s";
  return `${number(connected)} connected, ${number(online)} online${shown}; ${how}`;
}
