/** What the server tells: one stream for the whole page. */

/** Milliseconds without a word, though the server has one each second, after which the connection is taken for dead. */
const SILENCE = 10_000;
const AGAIN = 2_000;

const TOPICS = ["link", "events", "users", "visitors", "clients", "sample"];

/** Dispatches an event for each topic, its state as `detail`; `open` and `lost` tell of the connection itself. */
export class Stream extends EventTarget {
  #source = /** @type {EventSource | null} */ (null);
  #timer = 0;

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  connect() {
    this.#source = new EventSource(this.url);
    this.#source.addEventListener("open", () => this.dispatchEvent(new Event("open")));
    this.#source.addEventListener("error", () => this.#onError());
    for (const topic of TOPICS) {
      this.#source.addEventListener(topic, (message) => {
        this.#expect(SILENCE);
        this.dispatchEvent(new CustomEvent(topic, { detail: JSON.parse(message.data) }));
      });
    }
    this.#expect(SILENCE);
  }

  #onError() {
    this.dispatchEvent(new Event("lost"));
    // The browser tries again by itself, but not after an answer that is no stream.
    if (this.#source?.readyState === EventSource.CLOSED) {
      this.#expect(AGAIN);
    }
  }

  /** Begins anew unless something comes within that time. */
  #expect(/** @type {number} */ milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.dispatchEvent(new Event("lost"));
      this.#source?.close();
      this.connect();
    }, milliseconds);
  }
}
