// Which view is shown is the address: `/` a new session, `/c/<id>` a session, `/leaderboard`. The server gives the same page
// for all of them.

import {computed, signal} from '@preact/signals';

export type Route = {view: 'new'} | {view: 'session'; id: string} | {view: 'leaderboard'};

const path = signal(location.pathname);
addEventListener('popstate', () => (path.value = location.pathname));

export const route = computed<Route>(() => {
  const [first, second] = path.value.split('/').filter(Boolean);
  if (first === 'c' && second) return {view: 'session', id: second};
  return first === 'leaderboard' ? {view: 'leaderboard'} : {view: 'new'};
});

export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === location.pathname) return;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', to);
  path.value = to;
}

export const sessionPath = (id: string) => `/c/${id}`;

/** For links of our own: a plain click stays on the page, any other is the browser's. */
export function onLinkClick(event: MouseEvent): void {
  if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go((event.currentTarget as HTMLAnchorElement).pathname);
}
