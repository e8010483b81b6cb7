// Work that many events ask for and one frame does: tokens come faster than a screen can show them.

const waiting = new Set<() => void>();
let scheduled = false;

/** Runs `work` once before the next frame; also in a hidden window, where there are none. */
export function beforeNextFrame(work: () => void): void {
  waiting.add(work);
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(run, 200);
  else requestAnimationFrame(run);
}

function run() {
  scheduled = false;
  const all = [...waiting];
  waiting.clear();
  for (const work of all) work();
}
