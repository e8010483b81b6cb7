import assert from 'node:assert/strict';
import {test} from 'node:test';
import type {RunEvent} from '../src/api/types';
import {apply, emptyMessage, visibleText, type Shown} from '../src/state/answers';

const asked: Shown = {...emptyMessage('s', 't', {id: 'm', role: 'assistant', participant: 'a'}), asked_at: 1000};
const after = (events: RunEvent[], from = asked) => events.reduce((message, event, at) => apply(message, event, 1200 + 100 * at), from);
const text = (content: string): RunEvent => ({type: 'text', participant: 'a', content});

test('text and reasoning grow, and the first of them sets the time to the first token', () => {
  const message = after([{type: 'reasoning', participant: 'a', content: 'hm'}, text('He'), text('llo')]);
  assert.deepEqual([message.reasoning, message.content, message.status], ['hm', 'Hello', 'streaming']);
  assert.deepEqual(message.latency_ms, {first_token: 200, total: null});
});

test('a restart drops what came', () => {
  assert.equal(after([text('wrong'), {type: 'restart', participant: 'a'}, text('right')]).content, 'right');
});

test('a finish ends an answer well, or keeps why it failed', () => {
  const finish = {type: 'finish', participant: 'a', messageId: 'm'} as const;
  const well = after([text('x'), {...finish, finishReason: 'stop', usage: {promptTokens: 1, completionTokens: 2, source: 'reported'}}]);
  assert.deepEqual([well.status, well.usage?.completion_tokens, well.latency_ms?.total], ['success', 2, 300]);
  const ill = after([text('x'), {...finish, finishReason: 'error', code: 'upstream_timeout', error: 'too long'}]);
  assert.deepEqual([ill.status, ill.content, ill.error], ['failed', 'x', {code: 'upstream_timeout', message: 'too long'}]);
});

test('a run that is told again shows what was there until it has caught up', () => {
  const again = {...asked, before: {content: 'Hello wor', reasoning: null}};
  assert.equal(visibleText(again).content, 'Hello wor');
  assert.equal(visibleText(after([text('Hello')], again)).content, 'Hello wor');
  assert.equal(visibleText(after([text('Hello'), text(' world')], again)).content, 'Hello world');
  assert.equal(visibleText(after([text('Other')], again)).content, 'Other');
});
