import type { VNode, h } from "preact";

/** A template of markup; what it checks is little: components are unknown to it. */
type Template = (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

declare const htm: { bind(create: typeof h): Template };
export default htm;
