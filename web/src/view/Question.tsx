import {useEffect, useRef, useState} from 'preact/hooks';
import type {OpenSession} from '../state/open_session';
import type {Turn} from '../state/turns';
import {refusalOf} from '../text/words';
import {Button, IconButton} from './Button';
import {focusComposer} from './focus';
import {Icon} from './icons';
import {Pager} from './Pager';

/** What was asked. Editing asks anew beside it: nothing is overwritten, and the versions can be looked through. */
export function Question({session, turn, before, busy}: {session: OpenSession; turn: Turn; before: string | null; busy: boolean}) {
  const [editing, edit] = useState(false);
  const message = session.transcript.message(turn.question);
  if (!message) return null;
  if (editing)
    return (
      <QuestionEditor
        text={message.content}
        cancel={() => (edit(false), focusComposer())}
        ask={(text) => {
          edit(false);
          focusComposer();
          void session.ask(text, message.parent_id);
        }}
      />
    );
  const at = turn.versions.indexOf(turn.id);
  return (
    <div class="question">
      <div class="question-text">{message.content}</div>
      <div class="question-foot">
        {turn.versions.length > 1 && (
          <Pager what="Question" at={at} of={turn.versions.length} go={(to) => session.transcript.choose(before, turn.versions[to]!)} />
        )}
        {!message.unsent && <IconButton icon="edit" class="edit" label="Edit and ask anew" disabled={busy} onClick={() => edit(true)} />}
      </div>
      {message.unsent && (
        <div class="ending error" role="alert">
          <Icon name="warning" />
          <p>{refusalOf(message.unsent)}</p>
          <Button disabled={busy} onClick={() => (focusComposer(), void session.retryQuestion(message.id))}>
            Try again
          </Button>
        </div>
      )}
    </div>
  );
}

function QuestionEditor({text, cancel, ask}: {text: string; cancel(): void; ask(text: string): void}) {
  const [draft, setDraft] = useState(text);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
  }, []);
  const submit = () => draft.trim() && ask(draft.trim());
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Escape') cancel();
    else if (event.key === 'Enter' && !event.shiftKey) submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <form class="question editing" onSubmit={(event) => (event.preventDefault(), submit())}>
      <div class="grow" data-text={draft}>
        <textarea
          ref={field}
          aria-label="Edit the question"
          rows={1}
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKey}
        />
      </div>
      <div class="row end">
        <Button onClick={cancel}>Cancel</Button>
        <Button kind="strong" type="submit" disabled={!draft.trim()}>
          Ask anew
        </Button>
      </div>
    </form>
  );
}
