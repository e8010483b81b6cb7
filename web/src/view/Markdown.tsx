import {useRef} from 'preact/hooks';
import {announce} from '../state/app';
import {GrowingMarkdown} from '../text/blocks';
import {highlighterReady} from '../text/highlight';

/** A text that may still grow. Preact compares each block's HTML: those that are closed are never touched. */
export function Markdown({text, done}: {text: string; done: boolean}) {
  const colours = highlighterReady.value;
  const growing = useRef<{text: GrowingMarkdown; colours: boolean}>();
  if (growing.current?.colours !== colours) growing.current = {text: new GrowingMarkdown(), colours};
  const blocks = growing.current.text.update(text, done);
  return (
    <div class="markdown" onClick={copyCode}>
      {blocks.map((html, at) => (
        <div key={at} class="block" dangerouslySetInnerHTML={{__html: html}} />
      ))}
    </div>
  );
}

/** The copy buttons of code are part of the rendered HTML: one listener serves them all. */
function copyCode(event: MouseEvent) {
  const button = event.target instanceof Element ? event.target.closest('.code-copy') : null;
  const code = button?.closest('.code')?.querySelector('code')?.textContent;
  if (!button || code === undefined || code === null) return;
  void navigator.clipboard.writeText(code).then(() => {
    announce('Code copied.');
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  });
}
