import {useState} from 'preact/hooks';
import {reason} from '../api/http';
import {begin, models, tell} from '../state/app';
import {chosen, mode} from '../state/choice';
import {Composer} from './Composer';
import {ModelPicker, ModePicker} from './ModelPicker';
import {SidebarButton} from './Sidebar';

export function NewSession() {
  const [draft, setDraft] = useState('');
  const [instructions, setInstructions] = useState('');
  const known = models.value;
  const none = known !== null && !known.some((model) => model.available);

  const ask = (question: string) => {
    const what = {mode: mode.peek(), ...(mode.peek() === 'random' ? {} : {models: chosen.peek()})};
    begin(instructions.trim() ? {...what, system_prompt: instructions.trim()} : what, question).catch((problem: unknown) => {
      // The question isn't lost: it comes back into the field.
      setDraft(question);
      tell(reason(problem));
    });
  };

  return (
    <div class="new-session">
      <header class="bar only-narrow">
        <SidebarButton />
      </header>
      <div class="new-session-body">
        <h1>What would you like to ask?</h1>
        <div class="new-session-card">
          <div class="row choices">
            <ModePicker />
            <ModelPicker />
          </div>
          <Composer draft={draft} setDraft={setDraft} ask={ask} ready={chosen.value.length > 0} label="Ask something" />
          <details class="instructions">
            <summary>Instructions</summary>
            <textarea
              rows={3}
              aria-label="Instructions for every answer"
              placeholder="What every answer shall follow (the system prompt)"
              value={instructions}
              onInput={(event) => setInstructions(event.currentTarget.value)}
            />
          </details>
        </div>
        <p class="hint keys">
          {none ? 'No model is available: the server has no provider’s key.' : <Keys />}
        </p>
      </div>
    </div>
  );
}

function Keys() {
  return (
    <>
      <kbd>Enter</kbd> sends · <kbd>Shift</kbd> <kbd>Enter</kbd> breaks the line · <kbd>Esc</kbd> stops · <kbd>Ctrl</kbd> <kbd>K</kbd> searches
    </>
  );
}
