/** Something fetched for a view, kept fresh while the view is shown. */
import { get } from "./api.js";
import { heard, useChanges } from "./live.js";
import { useCallback, useEffect, useMemo, useRef, useState } from "./ui.js";

const TRY_AGAIN = 5000;

/**
 * @template T
 * @typedef {{value: T | null, problem: import("./api.js").Problem | null, again: () => void}} Loaded
 */

/** @typedef {{items: any[], nextCursor: string | null}} Page */

/**
 * Fetch a path and fetch it anew whenever one of the topics changes. Without a path nothing is fetched.
 * @template T
 * @param {string | null} path
 * @param {string[]} [topics]
 * @param {number} [every] milliseconds, for what changes by the clock alone
 * @returns {Loaded<T>}
 */
export function useLoaded(path, topics = [], every = 0) {
  return useFetched(useMemo(() => path && (() => get(path)), [path]), topics, every);
}

/**
 * A long list as far as it was asked for; `more` asks for its next page, and is null at the end. Everything that is
 * shown is fetched anew together, so that nobody is in it twice or missing because a name came in between.
 * @param {string | null} path
 * @param {string[]} [topics]
 * @param {number} [atFirst] how many pages to begin with
 * @returns {Loaded<Page> & {more: (() => void) | null}}
 */
export function usePages(path, topics = [], atFirst = 1) {
  const [pages, setPages] = useState(atFirst);
  const listed = useFetched(useMemo(() => path && (() => upTo(path, pages)), [path, pages]), topics);
  return { ...listed, more: listed.value?.nextCursor ? () => setPages(pages + 1) : null };
}

/** The whole of a long list. @param {string | null} path @param {string[]} [topics] */
export const useWhole = (path, topics = []) => usePages(path && `${path}?limit=100`, topics, Infinity);

/** The first pages of a list as one. @param {string} path @param {number} pages @returns {Promise<Page>} */
async function upTo(path, pages) {
  let { items, nextCursor } = await get(path);
  for (let page = 1; page < pages && nextCursor; page++) {
    const next = await get(`${path}${path.includes("?") ? "&" : "?"}cursor=${nextCursor}`);
    items = [...items, ...next.items];
    nextCursor = next.nextCursor;
  }
  return { items, nextCursor };
}

/**
 * Fetch something and keep it fresh; an older answer never replaces a newer one, and what was shown stays while the
 * next is on its way. When the server cannot be reached it is tried again, at once when the network is back.
 * @param {(() => Promise<any>) | "" | null} fetched
 * @param {string[]} [topics]
 * @param {number} [every]
 * @returns {Loaded<any>}
 */
function useFetched(fetched, topics = [], every = 0) {
  const [state, setState] = useState(/** @type {{value: any, problem: any}} */ ({ value: null, problem: null }));
  const turn = useRef(0);
  const live = topics.length > 0;
  const again = useCallback(() => {
    const mine = ++turn.current;
    if (!fetched) return;
    (live ? heard().then(fetched) : fetched()).then(
      (value) => mine === turn.current && setState({ value, problem: null }),
      (problem) => {
        if (mine !== turn.current) return;
        setState((old) => ({ value: old.value, problem }));
        if (!problem.status || problem.status >= 500) setTimeout(() => mine === turn.current && again(), TRY_AGAIN);
      },
    );
  }, [fetched, live]);
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
