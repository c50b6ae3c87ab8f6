/** Where the script keeps texts between pages. */

const PREFIX = "touchline.";
export const DEVICE_KEY = `${PREFIX}device`;
export const QUEUE_PREFIX = `${PREFIX}queue.`;

export interface Shelf {
  get(key: string): string | null | undefined;
  /** Keep a text, or remove it if it is empty. Returns whether it is kept. */
  set(key: string, text: string): boolean | undefined;
}

/** Keeps nothing beyond this page. */
export function memoryShelf(): Shelf {
  const kept: Record<string, string> = {};
  return { get: (key) => kept[key], set: (key, text) => !!(kept[key] = text) };
}

/** Local storage. Where the browser forbids it, nothing is stored, and nothing throws. */
export const localShelf: Shelf = {
  get: (key) => attempt(() => localStorage.getItem(key)),
  set: (key, text) =>
    attempt(() => {
      text ? localStorage.setItem(key, text) : localStorage.removeItem(key);
      return true;
    }),
};

/** The keys in local storage that are ours and begin with a prefix. */
export function storedKeys(prefix = PREFIX): string[] {
  return (attempt(() => Object.keys(localStorage)) ?? []).filter((key) => key.startsWith(prefix));
}

/** One cookie for all hosts below a domain; the key is its name. */
export function cookieShelf(domain: string): Shelf {
  const get = (key: string) => new RegExp(`\\b${key}=([^;]+)`).exec(document.cookie)?.[1];
  return {
    get,
    set(key, text) {
      const secure = location.protocol === "https:" ? ";Secure" : "";
      document.cookie = `${key}=${text};Domain=${domain};Path=/;Max-Age=${text ? 34560000 : 0};SameSite=Lax${secure}`;
      return get(key) === text;
    },
  };
}

function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
