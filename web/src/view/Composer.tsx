import {useEffect} from 'preact/hooks';
import {focusComposer, isTouch} from './focus';
import {Icon} from './icons';

export interface ComposerProps {
  draft: string;
  setDraft(text: string): void;
  ask(text: string): void;
  /** While answers come, the button stops them. */
  stop?: (() => void) | null;
  ready?: boolean;
  label: string;
  /** The arrow up in an empty field: edit what was asked last. */
  editLast?: () => void;
}

export function Composer({draft, setDraft, ask, stop, ready = true, label, editLast}: ComposerProps) {
  const mayAsk = ready && !stop && draft.trim() !== '';
  useEffect(focusComposer, []);
  const submit = () => {
    if (!mayAsk) return;
    ask(draft.trim());
    setDraft('');
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === 'Enter' && !event.shiftKey && !isTouch) {
      event.preventDefault();
      submit();
    } else if (event.key === 'ArrowUp' && draft === '' && editLast) {
      event.preventDefault();
      editLast();
    }
  };
  return (
    <form class="composer" onSubmit={(event) => (event.preventDefault(), submit())}>
      <div class="grow" data-text={draft}>
        <textarea
          id="composer"
          rows={1}
          aria-label={label}
          placeholder={label}
          value={draft}
          enterkeyhint="send"
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKey}
        />
      </div>
      {stop ? (
        <button type="button" class="send" aria-label="Stop all answers" title="Stop all answers (Esc)" onClick={stop}>
          <Icon name="stop" />
        </button>
      ) : (
        <button type="submit" class="send" aria-label="Send" title="Send (Enter)" disabled={!mayAsk}>
          <Icon name="send" />
        </button>
      )}
    </form>
  );
}
