// The checker proves itself: what is well must be green, and each planted fault red, for its own reason.

import {check, checkpointLag} from './checker.mjs';

const killedAt = 100_000;

/** A session with a finished compare turn, an interrupted one, and one that was never acknowledged. */
function sound() {
  const usage = {promptTokens: 9, completionTokens: 5, source: 'reported'};
  const storedUsage = {prompt_tokens: 9, completion_tokens: 5, source: 'reported'};
  const turns = [
    {
      ...{session: 's', user: 'u1', content: 'One', acknowledged: true, settled: true, killedAt: null, ids: {a: 'a1', b: 'b1'}},
      expected: {a: 'whole answer', b: 'another'},
      seen: {
        a: {text: 'whole answer', finish: {finishReason: 'stop', usage}, pieces: []},
        b: {text: 'another', finish: {finishReason: 'stop', usage}, pieces: []},
      },
    },
    {
      ...{session: 's', user: 'u2', content: 'Two', acknowledged: true, settled: true, killedAt, ids: {a: 'a2'}},
      expected: {a: 'begun and never ended'},
      seen: {a: {text: 'begun and never', finish: null, pieces: [{at: killedAt - checkpointLag - 1, length: 9}, {at: killedAt - 5, length: 15}]}},
    },
    {...{session: 's', user: 'u3', content: 'Three', acknowledged: false, settled: true, killedAt, ids: null}, expected: {a: 'x'}, seen: {}},
  ];
  const answer = (id, parent_id, participant, content, finish_reason) => ({
    ...{id, parent_id, participant, content, finish_reason, role: 'assistant', attempt: 1},
    ...{status: finish_reason === 'stop' ? 'success' : 'failed', usage: finish_reason === 'stop' ? storedUsage : null},
  });
  const messages = [
    {id: 'u1', parent_id: null, role: 'user', content: 'One'},
    answer('a1', 'u1', 'a', 'whole answer', 'stop'),
    answer('b1', 'u1', 'b', 'another', 'stop'),
    {id: 'u2', parent_id: 'a1', role: 'user', content: 'Two'},
    answer('a2', 'u2', 'a', 'begun and', 'interrupted'),
  ];
  return {records: {sessions: ['s'], turns}, stored: new Map([['s', messages]])};
}

/** The second answer of it was given up, and came out of the spool later. */
function soundWithRecovered() {
  const world = sound();
  const messages = world.stored.get('s');
  messages.push({...messages[1], id: 'a1 recovered', attempt: 2, recovered: true});
  Object.assign(messages[1], {content: 'whole', finish_reason: 'interrupted', status: 'failed', usage: null});
  return world;
}

const faultsOfRecovered = {
  'altered answer': ({messages}) => (messages[5].content = 'whole_answer'),
  'lost answer': ({messages, remove}) => remove(messages[1]),
  'altered finish': ({messages, remove}) => remove(messages[5]),
  'doubled answer': ({messages}) => messages.push({...messages[5], id: 'a1 recovered twice'}),
  'second answer': ({messages}) => messages.push({...messages[5], id: 'a1 recovered twice', attempt: 3}),
};

const faults = {
  'lost session': (world) => world.stored.set('s', null),
  'lost user message': ({messages, remove}) => remove(messages[3]),
  'lost answer': ({messages, remove}) => remove(messages[2]),
  'doubled message': ({messages}) => messages.push({...messages[1]}),
  'doubled answer': ({messages}) => messages.push({...messages[1], id: 'a1 again'}),
  'second answer': ({messages}) => messages.push({...messages[1], id: 'a1 again', attempt: 2, recovered: true}),
  'second answer of the same': ({messages}) => messages.push({...messages[1], id: 'a1 again', attempt: 2}),
  'message that nobody asked for': ({messages}) => messages.push({...messages[0], id: 'u9'}),
  'altered user message': ({messages}) => (messages[0].content = 'Ome'),
  'altered answer': ({messages}) => (messages[1].content = 'whole_answer'),
  'altered finish': ({messages}) => (messages[1].finish_reason = 'length'),
  'altered usage': ({messages}) => (messages[1].usage = {...messages[1].usage, completion_tokens: 6}),
  'answer under another id': ({messages}) => (messages[1].id = 'a7'),
  'wrong status': ({messages}) => (messages[1].status = 'failed'),
  'wrong answer': ({messages, records}) => (messages[1].content = records.turns[0].seen.a.text = 'whole answe'),
  'not interrupted': ({messages}) => Object.assign(messages[4], {status: 'streaming', finish_reason: null}),
  'wrong kept text': ({messages}) => (messages[4].content = 'begun but'),
  'lost checkpoint': ({messages}) => (messages[4].content = 'begun an'),
};

/** The names of what the checker got wrong; empty if it is to be trusted. */
export function selfTest() {
  const wrong = [];
  for (const [name, make] of Object.entries({sound, soundWithRecovered})) {
    const {records, stored} = make();
    if (check(records, stored).length) wrong.push(name);
  }
  const planted = [...Object.entries(faults).map((fault) => [sound, ...fault]), ...Object.entries(faultsOfRecovered).map((fault) => [soundWithRecovered, ...fault])];
  for (const [make, kind, plant] of planted) {
    const world = make();
    const messages = world.stored.get('s');
    world.messages = messages;
    world.remove = (message) => messages.splice(messages.indexOf(message), 1);
    plant(world);
    if (!check(world.records, world.stored).some((problem) => problem.kind === kind.replace(' of the same', ''))) wrong.push(kind);
  }
  return {count: planted.length + 2, wrong};
}

/** The same with the data of a real run: a loss, a duplicate and an altered answer, each planted in a copy. */
export function plantInReal(records, stored) {
  const turn = records.turns.find(({seen}) => seen.a?.finish?.finishReason === 'stop');
  if (!turn) return ['no finished answer to plant a fault in'];
  const plants = {
    loss: (messages, answer) => messages.splice(messages.indexOf(answer), 1),
    duplicate: (messages, answer) => messages.push({...answer, id: `${answer.id} again`}),
    'altered answer': (messages, answer) => (answer.content = answer.content.replace(/.$/s, '_')),
  };
  return Object.entries(plants).flatMap(([name, plant]) => {
    const messages = structuredClone(stored.get(turn.session));
    plant(messages, messages.find((message) => message.id === turn.ids.a));
    return check({sessions: [], turns: records.turns.filter(({session}) => session === turn.session)}, new Map([[turn.session, messages]])).length ? [] : [name];
  });
}
