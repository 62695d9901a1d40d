// What the fleet shows before the first host has reported.

import { html } from "./html.js";
import * as store from "./store.js";

/** Start tells how to get the first host. */
export function Start() {
  const broker = store.broker.value;
  if (broker === null) return null;
  const { host, local } = reachable(broker.address);
  return html`<section class="note start">
    <h1>No host yet</h1>
    <p>On a machine you want to see, run:</p>
    <pre><code>${command(host)}</code></pre>
    ${local && html`<p class="muted">
      The broker listens on ${broker.address}, so that this works on the dashboard's own machine only.
      For others, set <code>listen</code> in <code>[broker]</code> to an address that they reach.
    </p>`}
    ${!local && broker.embedded && html`<p class="muted">
      The broker asks for the name and password set in <code>[broker]</code>:
      give them as <code>MQTT_USERNAME</code> and <code>MQTT_PASSWORD</code>.
    </p>`}
    <p class="muted">It appears here with its first sample.</p>
  </section>`;
}

/**
 * The command that connects an agent to the broker.
 * @param {{ name: string, port: string, url: string }} host
 */
function command({ name, port, url }) {
  if (url !== "") return `MQTT_HOST=${url} systant-agent run`;
  return `MQTT_HOST=${name}${port === "" || port === "1883" ? "" : " MQTT_PORT=" + port} systant-agent run`;
}

/**
 * A broker's address as an agent elsewhere would write it: a broker that
 * listens on every address has the name that this page was opened by.
 * @param {string} address
 */
function reachable(address) {
  if (/^[a-z]+:\/\//.test(address)) return { host: { name: "", port: "", url: address }, local: false };
  const [, listed = address, port = ""] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  const bare = listed.replace(/^\[|\]$/g, "");
  const everywhere = ["", "0.0.0.0", "::", "*"].includes(bare);
  const local = bare === "localhost" || bare === "::1" || bare.startsWith("127.");
  return { host: { name: everywhere ? location.hostname : bare, port, url: "" }, local };
}
