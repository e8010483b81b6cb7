// The turns of a session, in one place that scrolls. A new question goes to the top and its answers grow below it: nothing
// that one reads moves. Who scrolls to the end is kept there.

import {useEffect, useLayoutEffect, useRef, useState} from 'preact/hooks';
import {historyOf} from '../state/brought_along';
import type {OpenSession} from '../state/open_session';
import {Answer} from './Answer';
import {Icon} from './icons';
import {Markdown} from './Markdown';
import {Question} from './Question';
import {VoteBar} from './VoteBar';

export function Transcript({session}: {session: OpenSession}) {
  const path = session.transcript.path.value;
  const busy = session.busy.value;
  const newest = path.at(-1);
  const {scroller, content, atEnd, toEnd} = useScrolling(newest?.id);
  const history = path.length === 0 ? historyOf(session.id) : [];
  return (
    <div class="transcript-frame">
      <div class="transcript" ref={scroller} tabIndex={0} role="region" aria-label="Conversation">
        <div class="turns" ref={content}>
          {history.length > 0 && (
            <section class="turn" aria-label="Copied history">
              {history.map(({role, content: text}) =>
                role === 'user' ? (
                  <div class="question">
                    <div class="question-text">{text}</div>
                  </div>
                ) : (
                  <article class="answer">
                    <Markdown text={text} done />
                  </article>
                ),
              )}
              <p class="hint">Copied. The next question continues from here.</p>
            </section>
          )}
          {path.map((turn, at) => (
            <section key={turn.id} class="turn" aria-label={`Question ${at + 1}`}>
              <h2 class="hidden">Question {at + 1}</h2>
              <Question session={session} turn={turn} before={path[at - 1]?.id ?? null} busy={busy} />
              <div class="answers" data-count={turn.seats.length} tabIndex={turn.seats.length > 1 ? 0 : -1} role="group" aria-label="Answers">
                {turn.seats.map((seat) => (
                  <Answer key={seat.participant} session={session} seat={seat} newest={turn === newest} busy={busy} />
                ))}
              </div>
              <VoteBar session={session} turn={turn} />
            </section>
          ))}
        </div>
      </div>
      <button type="button" class="to-end" hidden={atEnd} onClick={toEnd}>
        <Icon name="down" /> To the end
      </button>
    </div>
  );
}

function useScrolling(newest: string | undefined) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const following = useRef(false);
  const [atEnd, setAtEnd] = useState(true);

  useLayoutEffect(() => {
    const box = scroller.current!;
    box.scrollTop = box.scrollHeight;
  }, [newest]);

  useEffect(() => {
    const box = scroller.current!;
    const isAtEnd = () => box.scrollHeight - box.scrollTop - box.clientHeight < 48;
    const look = () => setAtEnd(isAtEnd());
    const onScroll = () => {
      // The last turn fills the window at least. Only one that fills more has an end to follow.
      const last = content.current?.lastElementChild;
      following.current = isAtEnd() && (last?.clientHeight ?? 0) > box.clientHeight;
      look();
    };
    const growth = new ResizeObserver(() => {
      if (following.current) box.scrollTop = box.scrollHeight;
      look();
    });
    box.addEventListener('scroll', onScroll, {passive: true});
    growth.observe(content.current!);
    growth.observe(box);
    return () => {
      box.removeEventListener('scroll', onScroll);
      growth.disconnect();
    };
  }, []);

  const toEnd = () => {
    const box = scroller.current!;
    following.current = true;
    box.scrollTop = box.scrollHeight;
  };
  return {scroller, content, atEnd, toEnd};
}
