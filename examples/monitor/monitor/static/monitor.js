/** Keeps the page up to date. Whatever comes from the server is shown as text, never as markup. */

const SILENCE = 15_000; // ms without a word of the page's own server, which says something every 5 s
const AGAIN = 3_000; // ms

const NOTICES = {
  connecting: "",
  live: "",
  waiting: "",
  off:
    "This server does not announce its clients, so the table does not change. Switch it on with " +
    "CONFIG SET presence.client-announce-frequency 10",
  silent:
    "No announcement has come. Perhaps they are off: CONFIG SET presence.client-announce-frequency 10 switches them on.",
  unreadable: "The announcements cannot be read.",
  missing: "This server does not have the presence module.",
  lost: "Redis does not answer. The table is as it was; this page keeps trying.",
  cut: "The web server does not answer. The table is as it was; this page keeps trying.",
};

const LABELS = {
  connecting: "Connecting",
  live: "Live",
  waiting: "Waiting for the first announcement",
  off: "Announcements are off",
  silent: "No announcements",
  unreadable: "Announcements cannot be read",
  missing: "No module",
  lost: "Connection to Redis lost",
  cut: "Connection lost",
};

const number = new Intl.NumberFormat("en-GB");
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

const $ = (id) => document.getElementById(id);
const rows = new Map();
/** The server's clock, Unix ms, less this page's own, which starts at 0. */
let offset = 0;
let source;
let watchdog;

/** Changes a text only where it is another, so that selections stay and nothing is read aloud again. */
function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function showStatus(status, detail = "") {
  const node = $("status");
  node.dataset.status = status;
  setText(node.querySelector(".text"), LABELS[status]);
  const notice = [NOTICES[status], detail].filter(Boolean).join(" ");
  setText($("notice"), notice);
  $("notice").hidden = notice === "";
  document.body.classList.toggle("stale", ["lost", "cut"].includes(status));
}

function makeRow() {
  const row = document.createElement("tr");
  row.setAttribute("role", "row");
  for (const name of ["id", "name", "addr", "user", "ago", "state"]) {
    const cell = document.createElement(name === "id" ? "th" : "td");
    cell.className = name;
    cell.setAttribute("role", name === "id" ? "rowheader" : "cell");
    row.append(cell);
  }
  row.cells[0].scope = "row";
  return row;
}

function fillRow(row, client) {
  const [id, name, addr, user, , state] = row.cells;
  setText(id, String(client.id));
  setText(name, client.name || "(no name)");
  name.classList.toggle("nameless", client.name === "");
  setText(addr, client.addr);
  setText(user, client.user);
  setText(state, client.online ? "online" : "idle");
  row.classList.toggle("is-online", client.online);
}

/** Makes the rows those of the clients, in their order: who stays keeps its row. */
function showClients(clients) {
  const ids = new Set(clients.map((client) => client.id));
  for (const [id, { row }] of rows) {
    if (!ids.has(id)) {
      row.remove();
      rows.delete(id);
    }
  }
  let before = null;
  for (const client of clients) {
    const row = rows.get(client.id)?.row ?? makeRow();
    fillRow(row, client);
    rows.set(client.id, { row, client });
    const place = before === null ? $("clients").firstChild : before.nextSibling;
    if (place !== row) {
      $("clients").insertBefore(row, place);
    }
    before = row;
  }
}

function showPicture(picture) {
  offset = picture.at - performance.now();
  setText($("connected"), number.format(picture.connected));
  setText($("online"), number.format(picture.online));
  showClients(picture.clients);
  const missing = picture.connected - picture.clients.length;
  const more = missing > 0 ? `, the first ${number.format(picture.clients.length)} of them` : "";
  setText($("caption"), `Connections at ${clock.format(picture.at)}${more}`);
  showAges();
}

function showAges() {
  const now = performance.now() + offset;
  for (const { row, client } of rows.values()) {
    setText(row.cells[4], age(Math.max(0, now - client.last_interaction)));
  }
}

function age(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) {
    return `${seconds} s ago`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min ago`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} d ago`;
}

function heard() {
  clearTimeout(watchdog);
  watchdog = setTimeout(reconnect, SILENCE);
}

/** Connects anew: a browser does so by itself after some errors, and not where the server has none to spare or is mute. */
function reconnect() {
  source.close();
  clearTimeout(watchdog);
  showStatus("cut");
  watchdog = setTimeout(connect, AGAIN);
}

function connect() {
  source = new EventSource("events");
  source.addEventListener("message", (event) => {
    const { status, detail, picture } = JSON.parse(event.data);
    if (picture !== null) {
      showPicture(picture);
    }
    showStatus(status, detail);
    heard();
  });
  source.addEventListener("beat", heard);
  source.addEventListener("error", reconnect);
  heard();
}

connect();
setInterval(showAges, 1000);
