// Markdown that is still being written. Its end may look like something that it won't be: `**bo` is two asterisks until the
// word is closed, a lone `-` below a line makes that line a heading. What is open is closed here, and what can't be told yet
// is left out until the next words tell.

/** A marker alone in its line: it may become a list, a heading, a rule, a table or a fence. */
const undecidedLine = /(^|\n)[ \t]*(?:[-=*+_]{1,3}|#{1,6}|\d{1,9}[.)]?|>|`{1,2}|~{1,2}|\|)?[ \t]*$/;

const fence = /^ {0,3}(`{3,}|~{3,})/;

/** `open`: the text behind the last block that is closed. */
export function mend(open: string): string {
  if (insideFence(open)) return open;
  const shown = holdBackTable(open.replace(undecidedLine, '$1'));
  const start = shown.lastIndexOf('\n\n') + 1;
  return shown.slice(0, start) + closeInline(shown.slice(start));
}

function insideFence(text: string): boolean {
  let opened = '';
  for (const line of text.split('\n')) {
    const marker = fence.exec(line)?.[1];
    if (!marker) continue;
    if (!opened) opened = marker;
    else if (marker[0] === opened[0] && marker.length >= opened.length) opened = '';
  }
  return opened !== '';
}

/** A table's first line is none until the second one says so: rows are held back until that one is whole. */
function holdBackTable(text: string): string {
  const lines = text.split('\n');
  // Behind the last line end nothing may stand yet.
  const end = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  let first = end;
  while (first > 0 && /^\s*\|/.test(lines[first - 1]!)) --first;
  const secondIsWhole = lines.length > first + 2;
  if (first === end || secondIsWhole) return text;
  return lines
    .slice(0, first)
    .map((line) => `${line}\n`)
    .join('');
}

/** Closes emphasis and code, and shows of a link that isn't whole only its text. */
function closeInline(text: string): string {
  let shown = text.replace(/!?\[([^\]\n]*)(\](\([^)\n]*)?)?$/, '$1');
  const open: string[] = [];
  for (let at = 0; at < shown.length; ) {
    const char = shown[at]!;
    if (char === '\\') {
      at += 2;
      continue;
    }
    const run = /^(`+|\*{1,3}|~~?|__?)/.exec(shown.slice(at, at + 12))?.[0] ?? '';
    if (run === '') {
      ++at;
    } else if (char === '`') {
      const end = shown.indexOf(run, at + run.length);
      if (end < 0) return shown.length === at + run.length ? shown.slice(0, at) : shown + run;
      at = end + run.length;
    } else {
      // An opening mark has text behind it, a closing one before it; between spaces it is neither.
      const spaced = /\s|^$/.test(shown[at - 1] ?? '') && /\s/.test(shown[at + run.length] ?? ' ');
      const inWord = char === '_' && /\w/.test(shown[at - 1] ?? '') && /\w/.test(shown[at + run.length] ?? '');
      if (open.at(-1) === run) open.pop();
      else if (at + run.length === shown.length) shown = shown.slice(0, at);
      else if (!spaced && !inWord && /\S/.test(shown[at + run.length] ?? ' ')) open.push(run);
      at += run.length;
    }
  }
  if (open.length === 0) return shown;
  const body = shown.trimEnd();
  return body + open.reverse().join('') + shown.slice(body.length);
}
