/** What every view is written with: templates, hooks, and the one place that knows Preact and htm. */
import htm from "htm";
import { h } from "preact";

/** @type {(parts: TemplateStringsArray, ...values: any[]) => import("preact").VNode<any>} */
export const html = /** @type {any} */ (htm.bind(h));

export { render } from "preact";
export { useCallback, useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
