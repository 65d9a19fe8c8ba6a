/** Where one is: the part of the address after `#`. */
import { useEffect, useState } from "./ui.js";

/** @typedef {{name: string, id: string}} Route */

/** `#/visit/ID`, and the links that let somebody in: `#demo=NAME`, `#setup=SECRET`, `#invite=SECRET`, `#invitation=SECRET`. @returns {Route} */
export function route() {
  const hash = decodeURI(location.hash.slice(1));
  const link = /^(demo|setup|invite|invitation)=(.*)$/.exec(hash);
  if (link) return { name: link[1] ?? "", id: link[2] ?? "" };
  const [name = "", id = ""] = hash.replace(/^\//, "").split("/");
  return { name, id };
}

/** Go somewhere. A link with a secret does not stay in the history. @param {string} to */
export function go(to) {
  if (/^#(demo|setup|invite|invitation)=/.test(location.hash)) {
    history.replaceState(null, "", `#/${to}`);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else {
    location.hash = `/${to}`;
  }
}

/** The place, told anew when it changes; the reader, and their focus, are brought to the top of the new one. */
export function useRoute() {
  const [at, setAt] = useState(route());
  useEffect(() => {
    const moved = () => {
      setAt(route());
      scrollTo(0, 0);
      document.getElementById("content")?.focus({ preventScroll: true });
    };
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return at;
}
