import {signal} from '@preact/signals';
import {useState} from 'preact/hooks';
import type {Session} from '../api/types';
import {attempt, changeSession, deleteSession} from '../state/app';
import {duplicate, exportJson, exportMarkdown} from '../state/session_actions';
import {titleOf} from '../text/words';
import {Button} from './Button';
import {Dialog} from './Dialog';
import {Menu} from './Menu';

type Asked = {what: 'rename' | 'delete' | 'instructions'; session: Session};

/** The dialog that is open, for whichever session. */
const asked = signal<Asked | null>(null);

export function SessionMenu({session}: {session: Session}) {
  return (
    <Menu
      label={`Actions for ${titleOf(session)}`}
      items={[
        {label: 'Rename', act: () => (asked.value = {what: 'rename', session})},
        {label: 'Instructions', act: () => (asked.value = {what: 'instructions', session})},
        {label: 'Duplicate', act: () => attempt(duplicate(session))},
        {label: 'Export as Markdown', act: () => attempt(exportMarkdown(session))},
        {label: 'Export as JSON', act: () => attempt(exportJson(session))},
        {label: 'Delete', danger: true, act: () => (asked.value = {what: 'delete', session})},
      ]}
    />
  );
}

/** Mounted once: a menu goes away with its session, its dialog must not. */
export function SessionDialogs() {
  const now = asked.value;
  if (!now) return null;
  const close = () => (asked.value = null);
  if (now.what === 'rename') return <TextDialog session={now.session} title="Rename" label="Title" of="title" onClose={close} />;
  if (now.what === 'instructions')
    return (
      <TextDialog session={now.session} title="Instructions" label="What every answer shall follow (the system prompt)" of="system_prompt" onClose={close} />
    );
  return <DeleteDialog session={now.session} onClose={close} />;
}

interface TextDialogProps {
  session: Session;
  title: string;
  label: string;
  of: 'title' | 'system_prompt';
  onClose(): void;
}

function TextDialog({session, title, label, of, onClose}: TextDialogProps) {
  const [text, setText] = useState(session[of]);
  const save = (event: Event) => {
    event.preventDefault();
    attempt(changeSession(session.id, {[of]: text.trim()}));
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={save}>
        <label class="field">
          <span>{label}</span>
          {of === 'title' ? (
            <input type="text" maxLength={250} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          ) : (
            <textarea rows={6} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          )}
        </label>
        <div class="row end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="strong" type="submit" disabled={of === 'title' && !text.trim()}>
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteDialog({session, onClose}: {session: Session; onClose(): void}) {
  return (
    <Dialog title="Delete this session?" onClose={onClose}>
      <p>“{titleOf(session)}” and all its answers will be gone. This can’t be undone.</p>
      <div class="row end">
        <Button onClick={onClose}>Keep it</Button>
        <Button
          kind="danger"
          onClick={() => {
            attempt(deleteSession(session.id));
            onClose();
          }}
        >
          Delete
        </Button>
      </div>
    </Dialog>
  );
}
