/** Puts the page together. */

import { Announcer } from "./announcer.js";
import { ClientsTable } from "./clients.js";
import { Clock } from "./clock.js";
import { Connection } from "./connection.js";
import { number } from "./format.js";
import { KeyFigures } from "./key.js";
import { membersTable } from "./members.js";
import { Samples } from "./samples.js";
import { Search } from "./search.js";
import { Stream } from "./stream.js";
import { offerThemes } from "./theme.js";

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

const clock = new Clock();
const announcer = new Announcer(part("announcer"));
const stream = new Stream("/api/stream");
const connection = new Connection({ status: part("status"), notice: part("notice"), page: part("main"), announcer });
const keys = [new KeyFigures("users", "Users"), new KeyFigures("visitors", "Visitors")];
const tables = keys.map(({ name, title }) => membersTable({ name, title, clock, announcer }));
const clients = new ClientsTable(part("clients"), clock, announcer);
const samples = new Samples(() => keys.forEach((key) => key.draw(samples.list)));
const search = new Search(part("search"), keys, clock, announcer);

offerThemes(part("theme"));
part("keys").append(...keys.map((key) => key.section));
part("lists").append(...tables.map((table) => table.section));

keys.forEach((key, index) => {
  listen(key.name, (state) => {
    key.show(state);
    tables[index].table.refresh();
    search.refresh();
    showNumbers();
  });
});
listen("link", (link) => {
  connection.setLink(link);
  refreshAll();
});
listen("events", (events) => connection.setEvents(events));
listen("clients", (state) => clients.show(state));
listen("sample", (sample) => {
  clock.set(sample.at);
  samples.add(sample);
  [...tables.map(({ table }) => table), clients, search].forEach((aging) => aging.tick());
});
stream.addEventListener("open", () => {
  connection.setHeard(true);
  refreshAll();
});
stream.addEventListener("lost", () => connection.setHeard(false));
stream.connect();

function listen(/** @type {string} */ topic, /** @type {(state: any) => void} */ take) {
  stream.addEventListener(topic, (event) => take(/** @type {CustomEvent} */ (event).detail));
}

function refreshAll() {
  [...tables.map(({ table }) => table), clients, search].forEach((reading) => reading.refresh());
}

function showNumbers() {
  if (keys.every((key) => key.state?.online != null)) {
    const counts = keys.map((key) => `${number(key.state?.online ?? 0)} ${key.title.toLowerCase()}`);
    document.title = `${counts.join(", ")} online`;
    announcer.sayNumbers(document.title);
  }
}
