import {useEffect, useRef, useState} from 'preact/hooks';
import type {Session} from '../api/types';
import {open, sessions, sessionsLoaded, sidebarShown} from '../state/app';
import {votes} from '../state/features';
import {onLinkClick, route, sessionPath} from '../state/route';
import {theme, type Theme} from '../state/theme';
import {dayOf, titleOf} from '../text/words';
import {IconButton} from './Button';
import {isNarrow} from './focus';
import {Icon, type IconName} from './icons';
import {SessionMenu} from './SessionMenu';

export function Sidebar() {
  const [words, setWords] = useState('');
  const found = sessions.value.filter((session) => titleOf(session).toLowerCase().includes(words.trim().toLowerCase()));
  const hide = () => (sidebarShown.value = false);
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    if (sidebarShown.value && isNarrow() && !nav.current?.contains(document.activeElement)) nav.current?.querySelector('a')?.focus();
  }, [sidebarShown.value]);
  return (
    <nav ref={nav} class="sidebar" aria-label="Sessions" data-shown={sidebarShown.value} onKeyDown={(event) => event.key === 'Escape' && hide()}>
      <div class="brand">
        <a href="/" onClick={(event) => (onLinkClick(event), hide())}>
          <Mark /> Parley
        </a>
        <IconButton icon="close" class="only-narrow" label="Close the list of sessions" onClick={hide} />
      </div>
      <a class="button new" href="/" aria-current={route.value.view === 'new' ? 'page' : undefined} onClick={(event) => (onLinkClick(event), hide())}>
        <Icon name="plus" /> New session
      </a>
      <label class="search">
        <Icon name="search" />
        <span class="hidden">Search sessions</span>
        <input id="search" type="search" placeholder="Search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
      </label>
      <div class="session-list">
        {byDay(found).map(([day, list]) => (
          <section>
            <h2>{day}</h2>
            <ul>
              {list.map((session) => (
                <Row key={session.id} session={session} hide={hide} />
              ))}
            </ul>
          </section>
        ))}
        {sessionsLoaded.value && found.length === 0 && <p class="hint">{words ? 'Nothing of that name.' : 'Your sessions will be listed here.'}</p>}
      </div>
      <div class="sidebar-foot">
        {votes.value && (
          <a class="button quiet" href="/leaderboard" onClick={(event) => (onLinkClick(event), hide())}>
            <Icon name="chart" /> Leaderboard
          </a>
        )}
        <ThemeButton />
      </div>
    </nav>
  );
}

function Row({session, hide}: {session: Session; hide(): void}) {
  const shown = open.value?.id === session.id;
  return (
    <li class="session-row" data-current={shown}>
      <a href={sessionPath(session.id)} aria-current={shown ? 'page' : undefined} onClick={(event) => (onLinkClick(event), hide())}>
        <span class="title">{titleOf(session)}</span>
        {session.running && <span class="pulse" title="An answer is under way" />}
      </a>
      <SessionMenu session={session} />
    </li>
  );
}

function byDay(list: readonly Session[]): [string, Session[]][] {
  const days = new Map<string, Session[]>();
  for (const session of list) {
    const day = dayOf(session.updated_at);
    const entries = days.get(day);
    if (entries) entries.push(session);
    else days.set(day, [session]);
  }
  return [...days];
}

const looks: Record<Theme, {icon: IconName; label: string; next: Theme}> = {
  system: {icon: 'screen', label: 'Colours: as the system', next: 'light'},
  light: {icon: 'sun', label: 'Colours: light', next: 'dark'},
  dark: {icon: 'moon', label: 'Colours: dark', next: 'system'},
};

function ThemeButton() {
  const {icon, label, next} = looks[theme.value];
  return <IconButton icon={icon} label={label} onClick={() => (theme.value = next)} />;
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M8 10.5h9M8 16h6M24 10.5v11M20.5 21.5h3.5M8 21.5h9" />
    </svg>
  );
}
