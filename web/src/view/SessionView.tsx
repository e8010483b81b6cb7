import {useEffect, useRef, useState} from 'preact/hooks';
import type {OpenSession} from '../state/open_session';
import {titleOf} from '../text/words';
import {Button} from './Button';
import {Composer} from './Composer';
import {SessionMenu} from './SessionMenu';
import {SidebarButton} from './Sidebar';
import {Transcript} from './Transcript';

export function SessionView({session}: {session: OpenSession}) {
  const [draft, setDraft] = useState('');
  const about = session.session.value;
  const busy = session.busy.value;
  const view = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // A field to search in, or a dialog, has an Escape of its own.
      const other = event.target instanceof HTMLInputElement || document.querySelector('dialog[open]');
      if (event.key !== 'Escape' || event.defaultPrevented || other || !session.busy.peek()) return;
      event.preventDefault();
      void session.stopAll();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [session]);

  const problem = session.problem.value;
  if (problem)
    return (
      <div class="empty">
        <h1>{problem.status === 404 ? 'There is no such session' : 'This session could not be loaded'}</h1>
        <p>{problem.status === 404 ? 'It may have been deleted.' : problem.message}</p>
        {problem.status !== 404 && (
          <Button onClick={() => ((session.problem.value = null), void session.load())}>Try again</Button>
        )}
      </div>
    );

  const editLast = () => view.current?.querySelector<HTMLElement>('.turn:last-child .edit')?.click();
  return (
    <div class="session" data-mode={about?.mode ?? ''} ref={view}>
      <header class="bar">
        <SidebarButton />
        <h1>{about ? titleOf(about) : ''}</h1>
        {about && <SessionMenu session={about} />}
      </header>
      <Transcript session={session} />
      <div class="dock">
        {session.connection.value === 'lost' && (
          <p class="connection" role="status">
            The connection was lost. Trying to take the answer up again…
          </p>
        )}
        <Composer
          draft={draft}
          setDraft={setDraft}
          label="Ask something"
          ready={about !== null}
          stop={busy ? () => void session.stopAll() : null}
          ask={(text) => void session.ask(text)}
          editLast={editLast}
        />
      </div>
    </div>
  );
}
