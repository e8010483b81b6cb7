import assert from 'node:assert/strict';
import {test} from 'node:test';
import {buildTurns, pathOf} from '../src/state/turns';

const user = (id: string, parent: string | null) => ({id, turn_id: id, parent_id: parent, role: 'user' as const, participant: null, attempt: 1});
const answer = (id: string, turn: string, participant: string, attempt = 1) => ({id, turn_id: turn, parent_id: turn, role: 'assistant' as const, participant, attempt});

// The second question was asked in two wordings; seat b answered the first question twice.
const tree = buildTurns([
  user('q1', null),
  answer('a1', 'q1', 'a'),
  answer('b1', 'q1', 'b'),
  answer('b2', 'q1', 'b', 2),
  user('q2', 'a1'),
  answer('a2', 'q2', 'a'),
  user('q3', 'b2'),
  answer('a3', 'q3', 'a'),
  user('q4', 'a2'),
]);

test('a seat has its attempts in their order', () => {
  assert.deepEqual(tree.turns.get('q1')?.seats, [
    {participant: 'a', attempts: ['a1']},
    {participant: 'b', attempts: ['b1', 'b2']},
  ]);
});

test('questions behind any answer of a turn are versions of one another', () => {
  assert.deepEqual(tree.turns.get('q2')?.versions, ['q2', 'q3']);
});

test('the newest version is shown unless another was chosen', () => {
  const ids = (chosen: [string | null, string][]) => pathOf(tree, new Map(chosen)).map((turn) => turn.id);
  assert.deepEqual(ids([]), ['q1', 'q3']);
  assert.deepEqual(ids([['q1', 'q2']]), ['q1', 'q2', 'q4']);
  assert.deepEqual(ids([['q1', 'gone']]), ['q1', 'q3']);
});
