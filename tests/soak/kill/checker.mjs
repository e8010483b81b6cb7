// Holds what clients saw against what the store has. A function of plain data: no server, no clock.
//
// records: {sessions: [id whose creation was confirmed], turns: [turn]}
// turn:    {session, user, content, expected: {a: text, …}, acknowledged: headers were seen, settled: the life it ran in is over,
//           ids: {a: id, …} | null, seen: {a: {text, finish | null, pieces: [{at, length}]}}, killedAt | null}
//          times in ms; `seen.text` is all text since the last restart event
// stored:  Map of session id to its messages (null: not found)

/** How long ago a client must have seen a piece for it to be in a checkpoint: its interval, and what the store may take. */
export const checkpointLag = 1500;

/** A list of {kind, what}; empty if all is well. */
export function check({sessions, turns}, stored) {
  const problems = [];
  const problem = (kind, what) => problems.push({kind, what});

  for (const id of sessions) if (!stored.get(id)) problem('lost session', id);

  for (const [session, messages] of stored) {
    if (!messages) continue;
    const known = turns.filter((turn) => turn.session === session);
    checkDoubles(messages, problem);
    checkStrangers(messages, known, problem);
    for (const turn of known) checkTurn(turn, messages, problem);
  }
  return problems;
}

function checkDoubles(messages, problem) {
  const ids = new Set();
  const places = new Set();
  for (const message of messages) {
    if (ids.has(message.id)) problem('doubled message', message.id);
    ids.add(message.id);
    if (message.role !== 'assistant') continue;
    const place = `${message.parent_id} ${message.participant} ${message.attempt}`;
    if (places.has(place)) problem('doubled answer', `${message.id}: ${place}`);
    places.add(place);
  }
}

/** Whatever is stored, some client has asked for. */
function checkStrangers(messages, turns, problem) {
  const asked = new Map(turns.map((turn) => [turn.user, turn]));
  for (const message of messages) {
    const turn = asked.get(message.role === 'user' ? message.id : message.parent_id);
    if (!turn) problem('message that nobody asked for', message.id);
    else if (message.role === 'assistant' && message.attempt !== 1 && !isRecovered(message, messages)) problem('second answer', message.id);
  }
}

/** An answer that came out of the spool after its session had gone on: beside the one that was given up for it, once. */
function isRecovered(message, messages) {
  const beside = messages.filter((other) => other.parent_id === message.parent_id && other.participant === message.participant);
  const first = beside.find((other) => other.attempt === 1);
  return message.recovered === true && first?.finish_reason === 'interrupted' && beside.length === 2;
}

function checkTurn(turn, messages, problem) {
  const user = messages.find((message) => message.id === turn.user);
  if (!user) {
    if (turn.acknowledged) problem('lost user message', turn.user);
    return;
  }
  if (user.content !== turn.content) problem('altered user message', turn.user);
  for (const seat of Object.keys(turn.expected)) {
    const answers = messages.filter((message) => message.parent_id === turn.user && message.participant === seat);
    const first = answers.find((message) => !message.recovered);
    const recovered = answers.find((message) => message.recovered);
    if (!first) problem('lost answer', `${turn.user} ${seat}`);
    else if (recovered && turn.seen[seat]?.finish?.finishReason === recovered.finish_reason) checkAnswer({...turn, ids: null}, seat, recovered, problem);
    else checkAnswer(turn, seat, first, problem);
  }
}

function checkAnswer(turn, seat, answer, problem) {
  const expected = turn.expected[seat];
  const seen = turn.seen[seat];
  if (turn.ids && answer.id !== turn.ids[seat]) problem('answer under another id', answer.id);
  if (seen?.finish) {
    if (answer.finish_reason !== seen.finish.finishReason) problem('altered finish', `${answer.id}: ${seen.finish.finishReason}, then ${answer.finish_reason}`);
    if (answer.content !== seen.text) problem('altered answer', `${answer.id}: ${difference(seen.text, answer.content)}`);
    if (!sameUsage(seen.finish.usage, answer.usage)) problem('altered usage', answer.id);
  }
  if (answer.finish_reason === 'stop') {
    if (answer.status !== 'success') problem('wrong status', `${answer.id}: stop, ${answer.status}`);
    if (answer.content !== expected) problem('wrong answer', `${answer.id}: ${difference(expected, answer.content)}`);
    return;
  }
  if (!turn.settled) return;
  if (answer.finish_reason !== 'interrupted' || answer.status !== 'failed') {
    problem('not interrupted', `${answer.id}: ${answer.status}, ${answer.finish_reason}`);
    return;
  }
  if (!expected.startsWith(answer.content)) problem('wrong kept text', `${answer.id}: ${difference(expected, answer.content)}`);
  const owed = owedBy(turn, seen);
  if (answer.content.length < owed) problem('lost checkpoint', `${answer.id}: ${answer.content.length} of ${owed} characters seen ${checkpointLag} ms before`);
}

/** How many characters of an answer under way must have outlived the kill. */
export function owedBy(turn, seen) {
  return seen?.pieces.filter((piece) => piece.at <= turn.killedAt - checkpointLag).at(-1)?.length ?? 0;
}

function sameUsage(seen, stored) {
  return seen?.promptTokens === stored?.prompt_tokens && seen?.completionTokens === stored?.completion_tokens;
}

function difference(wanted, got) {
  let at = 0;
  while (at < wanted.length && wanted[at] === got[at]) ++at;
  return `${got.length} instead of ${wanted.length} characters, the same up to ${at}: ${JSON.stringify(got.slice(at, at + 20))} instead of ${JSON.stringify(wanted.slice(at, at + 20))}`;
}
