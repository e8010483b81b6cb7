// Where the keyboard goes on when what it was on goes away: the field to ask in. Not on a phone, whose keyboard would open.

export const isTouch = matchMedia('(pointer: coarse)').matches;

export function focusComposer(): void {
  if (!isTouch) document.getElementById('composer')?.focus();
}

/** The list of sessions is a drawer then, and what lies below it is out of reach. */
export const isNarrow = () => matchMedia('(width < 52rem)').matches;
