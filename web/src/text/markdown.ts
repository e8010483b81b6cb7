// Markdown to HTML, by marked; sanitised by DOMPurify. A model's text is a stranger's: it gets no scripts, no styles, no forms,
// and no pictures from elsewhere, whose addresses could carry off what was said.

import DOMPurify from 'dompurify';
import {Marked, Parser, type Token, type TokensList} from 'marked';
import {highlighted} from './highlight';

export type Links = TokensList['links'];

const escapes: Record<string, string> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'};
const escape = (text: string) => text.replace(/[&<>"']/g, (char) => escapes[char]!);

/** HTML in an answer is shown as it is written, but for plain tags without attributes. */
const plainTag = /&lt;(\/?(?:b|br|del|details|em|hr|i|ins|kbd|mark|p|q|s|small|strong|sub|summary|sup|u)) *\/?&gt;/gi;

const marked = new Marked({
  gfm: true,
  renderer: {
    code({text, lang}) {
      const language = (lang ?? '').trim().split(/\s/)[0] ?? '';
      const html = highlighted(text, language) ?? escape(text);
      const name = escape(language || 'text');
      return `<div class="code"><div class="code-head"><span>${name}</span><button type="button" class="code-copy">Copy</button></div><pre tabindex="0"><code>${html}\n</code></pre></div>`;
    },
    // The page's own headings are above those of an answer.
    heading({tokens, depth}) {
      return `<h${Math.min(depth + 2, 6)} class="h${depth}">${this.parser.parseInline(tokens)}</h${Math.min(depth + 2, 6)}>`;
    },
    html({text}) {
      return escape(text.replace(/<!--.*?-->/gs, '')).replace(plainTag, '<$1>');
    },
    image({href, text}) {
      return `<a href="${escape(href)}">${escape(text || href)}</a>`;
    },
    checkbox({checked}) {
      return checked ? '<span role="img" aria-label="done">☑</span> ' : '<span role="img" aria-label="to do">☐</span> ';
    },
  },
});

const purify = DOMPurify();
const allowed = {
  ALLOWED_TAGS:
    'a abbr b blockquote br button caption code dd del details div dl dt em h3 h4 h5 h6 hr i ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var'.split(' '),
  ALLOWED_ATTR: 'href title class start align colspan rowspan tabindex role aria-label type open lang dir'.split(' '),
  ALLOW_DATA_ATTR: false,
};

purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A' && node.hasAttribute('href')) {
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer nofollow');
  }
  if (node.tagName === 'TABLE') {
    // Wide ones scroll by themselves, also by keyboard.
    node.setAttribute('tabindex', '0');
  }
});

export function lex(text: string, links: Links): TokensList {
  const lexer = new marked.Lexer(marked.defaults);
  Object.assign(lexer.tokens.links, links);
  return lexer.lex(text);
}

export function toHtml(token: Token): string {
  return purify.sanitize(Parser.parse([token], marked.defaults), allowed);
}
