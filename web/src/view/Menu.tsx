// A button that opens a menu (WAI-ARIA's menu button): arrows move, Escape closes, and focus comes back to the button.

import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import {Icon, type IconName} from './icons';

export interface MenuItem {
  label: string;
  act(): void;
  danger?: boolean;
}

export function Menu({label, icon = 'more', items}: {label: string; icon?: IconName; items: MenuItem[]}) {
  const [shown, show] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);

  const close = (refocus: boolean) => {
    show(false);
    if (refocus) button.current?.focus();
  };

  useLayoutEffect(() => {
    if (!shown || !menu.current || !button.current) return;
    // Placed by hand: the sidebar scrolls, and would cut it off.
    const at = button.current.getBoundingClientRect();
    const {offsetWidth, offsetHeight} = menu.current;
    const below = at.bottom + 4 + offsetHeight < innerHeight;
    menu.current.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - 4 - offsetHeight)}px`;
    menu.current.style.left = `${Math.max(8, Math.min(at.right - offsetWidth, innerWidth - offsetWidth - 8))}px`;
    menu.current.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [shown]);

  useEffect(() => {
    if (!shown) return undefined;
    const away = (event: Event) => {
      if (!(event.target instanceof Node) || !(menu.current?.contains(event.target) || button.current?.contains(event.target))) show(false);
    };
    document.addEventListener('pointerdown', away);
    document.addEventListener('scroll', away, true);
    return () => {
      document.removeEventListener('pointerdown', away);
      document.removeEventListener('scroll', away, true);
    };
  }, [shown]);

  const onKey = (event: KeyboardEvent) => {
    const all = [...menu.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = {ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1}[event.key];
    if (to !== undefined) all[to % all.length]?.focus();
    else if (event.key === 'Escape') close(true);
    else if (event.key === 'Tab') return show(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu-anchor">
      <button
        ref={button}
        type="button"
        class="icon-button"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={shown}
        onClick={() => show(!shown)}
      >
        <Icon name={icon} />
      </button>
      {shown && (
        <div ref={menu} class="menu" role="menu" aria-label={label} onKeyDown={onKey}>
          {items.map((item) => (
            <button
              type="button"
              role="menuitem"
              tabIndex={-1}
              class={item.danger ? 'danger' : ''}
              onClick={() => {
                close(true);
                item.act();
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
