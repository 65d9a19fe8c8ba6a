/**
 * What this browser keeps of sessions: a record each, shared by its tabs, with the device's key, which no script can
 * read out. Where nothing can be kept, it lasts as long as the tab.
 */

/**
 * @typedef {{
 *   id: string, accessToken: string, expiresAt: string, refreshToken: string, refreshExpiresAt: string,
 *   assurance: "limited" | "full", personId: string, key: CryptoKey | null, signedAt: number, offset: number,
 *   demo: string | null,
 * }} Kept `offset`: by how many milliseconds the server's clock is ahead of ours; `demo`: whom of the demo one is
 */

const NAME = "cairn";
const STORE = "sessions";
/** @type {Map<string, Kept>} */
const here = new Map();
/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

/** @returns {Promise<IDBDatabase | null>} */
function database() {
  opened ??= new Promise((resolve) => {
    if (!("indexedDB" in globalThis)) return resolve(null);
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => resolve(null);
  });
  return opened;
}

/**
 * Do something with the records; it has happened for good when this is over.
 * @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<any>} act @param {() => any} otherwise
 * @returns {Promise<any>}
 */
async function within(mode, act, otherwise) {
  const found = await database();
  if (!found) return otherwise();
  return new Promise((resolve, reject) => {
    const work = found.transaction(STORE, mode, { durability: "strict" });
    const asked = act(work.objectStore(STORE));
    work.oncomplete = () => resolve(asked.result);
    work.onerror = () => reject(work.error);
    work.onabort = () => reject(work.error);
  });
}

/** @param {string} id @returns {Promise<Kept | undefined>} */
export const read = (id) => within("readonly", (store) => store.get(id), () => here.get(id));

/** @param {Kept} one @returns {Promise<unknown>} */
export const write = (one) => within("readwrite", (store) => store.put(one), () => void here.set(one.id, one));

/** @param {string} id @returns {Promise<unknown>} */
export const forget = (id) => within("readwrite", (store) => store.delete(id), () => void here.delete(id));

/** The ids of all records. @returns {Promise<string[]>} */
export const all = async () =>
  (await within("readonly", (store) => store.getAllKeys(), () => [...here.keys()])).map(String);
