// Signals that this browser remembers. Without storage, as in some private windows, they last as long as the page.

import {signal, type Signal} from '@preact/signals';

export function stored<T>(name: string, initial: T, fits: (value: unknown) => value is T): Signal<T> {
  const key = `parley.${name}`;
  let value = initial;
  try {
    const found: unknown = JSON.parse(localStorage.getItem(key) ?? 'null');
    if (fits(found)) value = found;
  } catch {
    // What is no JSON was not ours.
  }
  const made = signal(value);
  made.subscribe((now) => {
    try {
      localStorage.setItem(key, JSON.stringify(now));
    } catch {
      // Full or forbidden.
    }
  });
  return made;
}
