// Lists in the browser's storage, or in memory where there is none or it refuses.

/** A list under a name, with `read()` and `write(list)`. */
export function storedList(storage, name) {
  let list = null;
  return {
    read() {
      if (list !== null) return list;
      try {
        const found = JSON.parse(storage.getItem(name) ?? "[]");
        list = Array.isArray(found) ? found : [];
      } catch {
        list = [];
      }
      return list;
    },
    write(changed) {
      list = changed;
      try {
        if (changed.length > 0) storage.setItem(name, JSON.stringify(changed));
        else storage.removeItem(name);
      } catch {
        // A browser that keeps nothing, or is full: what is in memory has to do.
      }
    },
  };
}

/** The storage of this tab; undefined where a browser denies it. */
export function tabStorage() {
  try {
    return globalThis.sessionStorage;
  } catch {
    return undefined;
  }
}
