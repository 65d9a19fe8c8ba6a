/** Something fetched for a view, kept fresh while the view is shown. */
import { get } from "./api.js";
import { useChanges } from "./live.js";
import { useCallback, useEffect, useRef, useState } from "./ui.js";

const TRY_AGAIN = 5000;

/**
 * @template T
 * @typedef {{value: T | null, problem: import("./api.js").Problem | null, again: () => void}} Loaded
 */

/**
 * Fetch a path and fetch it anew whenever one of the topics changes; an older answer never replaces a newer one, and
 * what was shown stays while the next is on its way.
 * When the server cannot be reached it is tried again, at once when the network is back. Without a path nothing is fetched.
 * @template T
 * @param {string | null} path
 * @param {string[]} [topics]
 * @param {number} [every] milliseconds, for what changes by the clock alone
 * @returns {Loaded<T>}
 */
export function useLoaded(path, topics = [], every = 0) {
  const [state, setState] = useState(/** @type {{value: any, problem: any}} */ ({ value: null, problem: null }));
  const turn = useRef(0);
  const again = useCallback(() => {
    const mine = ++turn.current;
    if (!path) return;
    get(path).then(
      (value) => mine === turn.current && setState({ value, problem: null }),
      (problem) => {
        if (mine !== turn.current) return;
        setState((old) => ({ value: old.value, problem }));
        if (!problem.status || problem.status >= 500) setTimeout(() => mine === turn.current && again(), TRY_AGAIN);
      },
    );
  }, [path]);
  useEffect(() => {
    again();
    const timer = every ? setInterval(again, every) : 0;
    return () => {
      turn.current++;
      clearInterval(timer);
    };
  }, [again, every]);
  useChanges(topics, again);
  return { ...state, again };
}

/** The present instant, told anew as often as that. @param {number} every milliseconds */
export function useNow(every) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}
