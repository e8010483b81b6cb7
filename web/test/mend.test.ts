import assert from 'node:assert/strict';
import {test} from 'node:test';
import {lexer, type Token, type Tokens} from 'marked';
import {mend} from '../src/text/mend';

const cases: [string, string, string][] = [
  ['emphasis is closed', 'some **bold wo', 'some **bold wo**'],
  ['emphasis in emphasis is closed from the inside', '*a **b', '*a **b***'],
  ['a mark without text behind it is left out', 'some **', 'some '],
  ['stars between spaces are stars', '2 * 3 * 4', '2 * 3 * 4'],
  ['underscores in words are theirs', 'snake_case_name', 'snake_case_name'],
  ['an escaped mark is none', 'a \\*b', 'a \\*b'],
  ['code is closed', 'call `f(x', 'call `f(x`'],
  ['marks in code are code', 'a `**` b', 'a `**` b'],
  ['of a link that comes only its text is shown', 'see [the page](https://exa', 'see the page'],
  ['a link that is whole stays', 'see [a](b) and', 'see [a](b) and'],
  ['a lone dash is no heading of the line above', 'Text\n-', 'Text\n'],
  ['a lone number is no list yet', 'Text\n1.', 'Text\n'],
  ['hashes alone are left out', 'Text\n\n##', 'Text\n\n'],
  ['a fence that begins is left out', 'Text\n\n``', 'Text\n\n'],
  ['what stands in an open fence is left alone', '```c\nint *p = **q', '```c\nint *p = **q'],
  ['a row is held back until the next line makes it a table', 'Text\n\n| a | b |\n', 'Text\n\n'],
  ['half of a table’s second line makes it none yet', '| a | b |\n|--', ''],
  ['rows that are no table are shown once that is sure', '| a\n| b\n', '| a\n| b\n'],
  ['a table that is one is shown', '| a |\n|---|\n| 1 |', '| a |\n|---|\n| 1 |'],
];
for (const [what, open, shown] of cases) test(what, () => assert.equal(mend(open), shown));

const cells = (table: Tokens.Table) => [table.header, ...table.rows].flat().flatMap((cell) => cell.tokens);

/** The texts that a reader would see, code but for its marks included. */
function seen(tokens: Token[]): string[] {
  return tokens.flatMap((token) => {
    const inside = [...(('tokens' in token && token.tokens) || []), ...(token.type === 'list' ? (token['items'] as Token[]) : []), ...(token.type === 'table' ? cells(token as Tokens.Table) : [])];
    return inside.length > 0 ? seen(inside) : token.type === 'text' ? [token.raw] : [];
  });
}

test('no beginning of a text shows a mark that its whole does not', () => {
  const text = 'Some **bold and *both* words** with `code` and ~~old~~ [a link](https://example.org/).\n\n- **one**: first\n- two `x`\n\n| a | **b** |\n|---|---|\n| 1 | 2 |\n\nThe *end*.';
  for (let at = 0; at <= text.length; ++at) {
    const shown = seen(lexer(mend(text.slice(0, at)))).join('');
    assert.doesNotMatch(shown, /[*`~[\]|]/, `after ${at}: ${JSON.stringify(text.slice(0, at))}`);
  }
});
