import {useEffect, useRef, useState} from 'preact/hooks';
import type {Session} from '../api/types';
import {open, sessions, sessionsLoaded, sidebarShown} from '../state/app';
import {onLinkClick, route, sessionPath} from '../state/route';
import {theme, type Theme} from '../state/theme';
import {dayOf, titleOf} from '../text/words';
import {IconButton} from './Button';
import {isNarrow} from './focus';
import {grouped} from './grouped';
import {Icon, type IconName} from './icons';
import {SessionMenu} from './SessionMenu';

const hide = () => (sidebarShown.value = false);

const follow = (event: MouseEvent) => {
  onLinkClick(event);
  hide();
};

/** Where the list of sessions is a drawer: opens it. */
export function SidebarButton() {
  return <IconButton icon="menu" class="only-narrow" label="Sessions" onClick={() => (sidebarShown.value = true)} />;
}

export function Sidebar() {
  const [words, setWords] = useState('');
  const found = sessions.value.filter((session) => titleOf(session).toLowerCase().includes(words.trim().toLowerCase()));
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    if (sidebarShown.value && isNarrow() && !nav.current?.contains(document.activeElement)) nav.current?.querySelector('a')?.focus();
  }, [sidebarShown.value]);
  return (
    <nav ref={nav} class="sidebar" aria-label="Sessions" data-shown={sidebarShown.value} onKeyDown={(event) => event.key === 'Escape' && hide()}>
      <div class="brand">
        <a href="/" onClick={follow}>
          <Mark /> Parley
        </a>
        <IconButton icon="close" class="only-narrow" label="Close the list of sessions" onClick={hide} />
      </div>
      <a class="button new" href="/" aria-current={route.value.view === 'new' ? 'page' : undefined} onClick={follow}>
        <Icon name="plus" /> New session
      </a>
      <label class="search">
        <Icon name="search" />
        <span class="hidden">Search sessions</span>
        <input id="search" type="search" placeholder="Search" value={words} onInput={(event) => setWords(event.currentTarget.value)} />
      </label>
      <div class="session-list">
        {grouped(found, (session) => dayOf(session.updated_at)).map(([day, list]) => (
          <section>
            <h2>{day}</h2>
            <ul>
              {list.map((session) => (
                <Row key={session.id} session={session} />
              ))}
            </ul>
          </section>
        ))}
        {sessionsLoaded.value && found.length === 0 && <p class="hint">{words ? 'Nothing of that name.' : 'Your sessions will be listed here.'}</p>}
      </div>
      <div class="sidebar-foot">
        <a class="button quiet" href="/leaderboard" aria-current={route.value.view === 'leaderboard' ? 'page' : undefined} onClick={follow}>
          <Icon name="chart" /> Leaderboard
        </a>
        <a class="button quiet" href="/docs/">
          API
        </a>
        <ThemeButton />
      </div>
    </nav>
  );
}

function Row({session}: {session: Session}) {
  const shown = open.value?.id === session.id;
  return (
    <li class="session-row" data-current={shown}>
      <a href={sessionPath(session.id)} aria-current={shown ? 'page' : undefined} onClick={follow}>
        <span class="title">{titleOf(session)}</span>
        {session.running && <span class="pulse" title="An answer is under way" />}
      </a>
      <SessionMenu session={session} />
    </li>
  );
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
