import {IconButton} from './Button';

/** `‹ 2/3 ›`: looks through the versions of one thing. */
export function Pager({what, at, of, go}: {what: string; at: number; of: number; go(to: number): void}) {
  return (
    <div class="pager" role="group" aria-label={`${what} ${at + 1} of ${of}`}>
      <IconButton icon="left" label={`${what} before`} disabled={at === 0} onClick={() => go(at - 1)} />
      <span>
        {at + 1}/{of}
      </span>
      <IconButton icon="right" label={`${what} after`} disabled={at === of - 1} onClick={() => go(at + 1)} />
    </div>
  );
}
