import type {Message} from '../api/types';
import {isRunning, visibleText, type Shown} from '../state/answers';
import {announce, tell} from '../state/app';
import type {OpenSession} from '../state/open_session';
import type {Seat} from '../state/turns';
import {rateOf, seconds, troubleOf} from '../text/words';
import {useState} from 'preact/hooks';
import {Button, IconButton} from './Button';
import {focusComposer} from './focus';
import {Icon} from './icons';
import {Markdown} from './Markdown';
import {Pager} from './Pager';

export interface AnswerProps {
  session: OpenSession;
  seat: Seat;
  /** Only the newest turn's answers can be made anew. */
  newest: boolean;
  busy: boolean;
}

/** One seat's answer to a question: the attempt that is shown, and what can be done with it. */
export function Answer({session, seat, newest, busy}: AnswerProps) {
  // A new attempt is shown at once, whichever was looked at before.
  const [look, setLook] = useState({at: 0, of: 0});
  const count = seat.attempts.length;
  const at = look.of === count ? look.at : count - 1;
  const message = session.transcript.message(seat.attempts[at]!);
  if (!message) return null;
  const name = nameOf(message, seat);
  const running = isRunning(message);
  const again = () => {
    focusComposer();
    void session.regenerate(message.id);
  };
  return (
    <article class="answer" data-seat={seat.participant ?? ''} data-status={message.status} aria-label={name} aria-busy={running}>
      <header class="answer-head">
        <span class="dot" aria-hidden="true" />
        <h3>{name}</h3>
        {count > 1 && <Pager what="Attempt" at={at} of={count} go={(to) => setLook({at: to, of: count})} />}
        {running && (
          <IconButton icon="stop" class="stop-one" label={`Stop ${name}`} onClick={() => (focusComposer(), void session.stop(message.id))} />
        )}
      </header>
      <Body message={message} running={running} />
      <Ending message={message} again={newest && !busy ? again : null} />
      <footer class="answer-foot">
        <Figures message={message} />
        <div class="actions">
          {!running && message.content !== '' && <CopyButton text={message.content} name={name} />}
          {newest && !running && seat.participant !== null && (
            <IconButton icon="again" label={`Answer again: ${name}`} disabled={busy} onClick={again} />
          )}
        </div>
      </footer>
    </article>
  );
}

function nameOf(message: Message, seat: Seat): string {
  if (message.model) return message.model.display_name;
  return seat.participant ? `Model ${seat.participant.toUpperCase()}` : 'Earlier answer';
}

function Body({message, running}: {message: Shown; running: boolean}) {
  const {content, reasoning} = visibleText(message);
  return (
    <div class="answer-body">
      {reasoning && <Reasoning text={reasoning} running={running && content === ''} />}
      {content !== '' && <Markdown text={content} done={!running} />}
      {running && content === '' && !reasoning && (
        <p class="waiting">
          <span class="pulse" aria-hidden="true" />
          <span class="hidden">Waiting for the first word</span>
        </p>
      )}
      {message.tool_calls.length > 0 && <ToolCalls calls={message.tool_calls} />}
    </div>
  );
}

function Reasoning({text, running}: {text: string; running: boolean}) {
  return (
    <details class="reasoning">
      <summary>
        <Icon name="right" />
        <span class={running ? 'shimmer' : ''}>{running ? 'Thinking…' : 'Reasoning'}</span>
      </summary>
      <div class="reasoning-text">{text}</div>
    </details>
  );
}

function ToolCalls({calls}: {calls: Message['tool_calls']}) {
  return (
    <ul class="tool-calls">
      {calls.map((call) => (
        <li>
          Calls <code>{call.name ?? 'a tool'}</code> <code>{JSON.stringify(call.arguments)}</code>
        </li>
      ))}
    </ul>
  );
}

function Ending({message, again}: {message: Message; again: (() => void) | null}) {
  const trouble = troubleOf(message);
  if (!trouble) return null;
  return (
    <div class={`ending ${trouble.kind}`}>
      {trouble.kind === 'error' && <Icon name="warning" />}
      <div>
        <p>{trouble.what}</p>
        {trouble.detail && <p class="detail">{trouble.detail}</p>}
      </div>
      {trouble.again && again && <Button onClick={again}>Try again</Button>}
    </div>
  );
}

function Figures({message}: {message: Message}) {
  // How fast an answer came would tell whose it is.
  if (!message.model) return <p class="figures" />;
  const first = message.latency_ms?.first_token;
  const rate = rateOf(message.usage, message.latency_ms);
  const tokens = message.usage?.completion_tokens;
  return (
    <p class="figures">
      {first != null && <span title="From the question to the first token">{seconds(first)} to first token</span>}
      {rate && <span>{rate}</span>}
      {tokens !== undefined && <span>{tokens.toLocaleString()} tokens</span>}
    </p>
  );
}

function CopyButton({text, name}: {text: string; name: string}) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => {
        announce('Answer copied.');
        setCopied(true);
        setTimeout(() => setCopied(false), 1500);
      },
      () => tell('The browser didn’t allow copying.'),
    );
  return <IconButton icon={copied ? 'check' : 'copy'} label={`Copy the answer: ${name}`} onClick={() => void copy()} />;
}
