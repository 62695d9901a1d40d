// The one event stream: opens it, keeps it open, and puts what it brings
// into the store.

import { adjust } from "./clock.js";
import * as store from "./store.js";
/** @import { Broker, Detail, History, Snapshot, Summary } from "./types.js" */

/** SILENCE is how long the stream may say nothing before it is opened anew: a
 * connection that died in a sleeping laptop gives no error. */
const SILENCE = 45_000;

/** ANSWER is how long a stream that was opened may take to say something. */
const ANSWER = 10_000;

/** HOST is what a host may be named; the server refuses to watch another. */
const HOST = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** RETRY_FIRST is the longest wait before the first new attempt. */
const RETRY_FIRST = 500;

/** RETRY_LAST is the longest wait before any. */
const RETRY_LAST = 15_000;

/** Live owns the stream and its timers. */
class Live {
  /** @type {EventSource | null} */
  #source = null;
  /** @type {string | null} */
  #watched = null;
  #back = false; // the next snapshot comes after a lost link
  #failures = 0;
  /** @type {number | undefined} */
  #timer;

  /**
   * Opens the stream, watching one host or none; a second call moves it.
   * @param {string | null} name
   */
  watch(name) {
    if (this.#source !== null && name === this.#watched) return;
    this.#watched = name;
    store.detail.value = null;
    this.#open();
  }

  /** Opens the stream anew after it was lost. */
  again() {
    this.#back = true;
    this.#open();
  }

  /** Opens the stream. */
  #open() {
    this.#source?.close();
    const query = this.#watched !== null && HOST.test(this.#watched) ? "?host=" + this.#watched : "";
    const source = new EventSource("/events" + query);
    this.#source = source;
    this.#listen(source, "snapshot", (/** @type {Snapshot} */ data) => this.#begin(data));
    this.#listen(source, "hosts", (/** @type {{ hosts: Summary[] }} */ data) => store.update(data.hosts));
    this.#listen(source, "gone", (/** @type {{ hosts: string[] }} */ data) => store.forget(data.hosts));
    this.#listen(source, "broker", (/** @type {Broker} */ data) => (store.broker.value = data));
    this.#listen(source, "history", (/** @type {History} */ data) => (store.history.value = data));
    this.#listen(source, "detail", (/** @type {Detail} */ data) => this.#sample(data));
    source.addEventListener("error", () => source === this.#source && this.lost());
    this.#after(ANSWER, () => this.lost());
  }

  /**
   * Acts after a while, unless something else is planned before.
   * @param {number} milliseconds
   * @param {() => void} act
   */
  #after(milliseconds, act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, milliseconds);
  }

  /**
   * Hears one kind of event.
   * @template T
   * @param {EventSource} source
   * @param {string} kind
   * @param {(data: T) => void} act
   */
  #listen(source, kind, act) {
    source.addEventListener(kind, (event) => {
      if (source !== this.#source) return;
      this.#failures = 0;
      this.#after(SILENCE, () => this.again());
      act(JSON.parse(event.data));
    });
  }

  /**
   * Starts over from a snapshot.
   * @param {Snapshot} snapshot
   */
  #begin(snapshot) {
    adjust(snapshot.now);
    store.replace(snapshot);
    store.connection.value = { up: true, reached: Date.now() };
    if (this.#back) store.returns.value++;
    else if (store.catalogue.peek().length > 0) return;
    this.#back = false;
    fetch("/api/catalogue")
      .then((response) => response.json())
      .then((body) => {
        store.catalogue.value = body.groups;
        // This script's own address names its build.
        store.outdated.value = !import.meta.url.includes(body.build);
      })
      .catch(() => this.lost());
  }

  /**
   * Takes a sample of the watched host.
   * @param {Detail} data
   */
  #sample(data) {
    if (data.host.name !== this.#watched) return;
    store.detail.value = data;
    store.update([data.host]);
  }

  /** Waits longer after each failure, with jitter, so that a hundred open
   * pages don't return in step. EventSource's own retry gives up on some
   * errors, so that it is not relied on. */
  lost() {
    this.#source?.close();
    const { up, reached } = store.connection.peek();
    if (up) store.connection.value = { up: false, reached: store.loaded.peek() ? Date.now() : reached };
    const longest = Math.min(RETRY_LAST, RETRY_FIRST * 2 ** this.#failures++);
    this.#after(longest * (0.5 + Math.random() / 2), () => this.again());
  }
}

/** live is the page's stream. */
export const live = new Live();

addEventListener("online", () => live.again());

// A page that the browser keeps to go back to would keep its stream, too, of the six
// connections that it has for all.
addEventListener("pagehide", () => live.lost());
