// Colours for code. The highlighter is a file of its own, fetched when the first code comes up; until it is there, code is plain.

import {signal} from '@preact/signals';
import type {HLJSApi} from 'highlight.js';

/** Beyond that, colours would cost more than they are worth while it streams. */
const maxChars = 30_000;

let loaded: HLJSApi | undefined;
let asked = false;

/** True once there are colours: what was rendered without is rendered again. */
export const highlighterReady = signal(false);

/** HTML; nothing if that language has no colours, or not yet. */
export function highlighted(code: string, language: string): string | undefined {
  if (!language || code.length > maxChars) return undefined;
  if (!loaded) {
    if (!asked) {
      asked = true;
      import('./languages').then(
        ({hljs}) => {
          loaded = hljs;
          highlighterReady.value = true;
        },
        () => {},
      );
    }
    return undefined;
  }
  return loaded.getLanguage(language) ? loaded.highlight(code, {language, ignoreIllegals: true}).value : undefined;
}
