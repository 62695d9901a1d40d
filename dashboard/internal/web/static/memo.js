// Skips rendering where nothing changed: signals read inside still render.

import { Component } from "./vendor/preact.js";
/** @import { ComponentChildren } from "./vendor/preact.js" */

/**
 * A component that renders anew only when a property or a signal that it
 * reads changes.
 * @template {object} P
 * @param {(props: P) => ComponentChildren} draw
 * @returns {(props: P) => unknown}
 */
export function memo(draw) {
  /** Memo is the component. */
  class Memo extends Component {
    /**
     * Whether a property differs, or the state: @preact/signals renders
     * anew after a signal by setState({}), which makes another state object.
     * @override
     * @param {P} next
     * @param {object} state
     */
    shouldComponentUpdate(next, state) {
      const old = /** @type {Record<string, unknown>} */ (this.props);
      return state !== this.state || Object.entries(next).some(([key, value]) => old[key] !== value);
    }

    /**
     * What the component draws.
     * @override
     * @param {P} props
     */
    render(props) {
      return draw(props);
    }
  }
  return /** @type {any} */ (Memo);
}
