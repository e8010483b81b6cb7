import {useEffect} from 'preact/hooks';
import {notice, open, sidebarShown} from '../state/app';
import type {OpenSession} from '../state/open_session';
import {go, route} from '../state/route';
import {titleOf} from '../text/words';
import {focusComposer, isNarrow} from './focus';
import {LeaderboardView} from './Leaderboard';
import {NewSession} from './NewSession';
import {SessionDialogs} from './SessionMenu';
import {SessionView} from './SessionView';
import {Sidebar} from './Sidebar';

export function App() {
  const session = open.value;
  const about = session?.session.value;
  useEffect(() => {
    document.title = about ? `${titleOf(about)} · Parley` : 'Parley';
  }, [about?.title]);
  useEffect(() => {
    document.addEventListener('keydown', onShortcut);
    return () => document.removeEventListener('keydown', onShortcut);
  }, []);
  return (
    <div class="app">
      <Sidebar />
      {sidebarShown.value && <div class="shade" onClick={() => (sidebarShown.value = false)} />}
      <main inert={sidebarShown.value && isNarrow()}>{view(session)}</main>
      <SessionDialogs />
      <Notice />
    </div>
  );
}

function view(session: OpenSession | null) {
  if (route.value.view === 'leaderboard') return <LeaderboardView />;
  return route.value.view === 'session' && session ? <SessionView key={session.id} session={session} /> : <NewSession />;
}

function onShortcut(event: KeyboardEvent) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  if (event.key.toLowerCase() === 'k') {
    event.preventDefault();
    sidebarShown.value = true;
    document.getElementById('search')?.focus();
  } else if (event.shiftKey && event.key.toLowerCase() === 'o') {
    event.preventDefault();
    go('/');
    focusComposer();
  }
}

function Notice() {
  const {text, shown, nr} = notice.value;
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(() => (notice.value = {text: '', shown: false, nr}), 6000);
    return () => clearTimeout(timer);
  }, [nr]);
  return (
    <p class={shown ? 'notice' : 'hidden'} role="status">
      {text}
    </p>
  );
}
