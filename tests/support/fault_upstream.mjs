// A provider that misbehaves on command. It speaks OpenAI's Chat Completions and Anthropic's Messages, streaming, over plain
// sockets: a test decides every byte, every write, and every way to break off.
//
//   const upstream = await FaultUpstream.start();
//   upstream.behave('m1', {reply: ['Hel', 'lo'], pace: 20});          // requests for the model m1 are answered so
//   upstream.behave('m2', [{status: 429}, {reply: ['fine']}]);        // the first one fails, all others succeed
//   const request = await upstream.request('m1');                     // what was asked, once it was
//
// By hand: `node tests/support/fault_upstream.mjs [PORT]`, with the behaviour in the model's name: `pace=50;chunks=20`.

import {readFileSync, realpathSync} from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import {fileURLToPath} from 'node:url';

// What a behaviour may say. "Pieces" are the texts of content events, counted from 1: reasoning first, then the reply, then
// the refusal. A piece that is a Buffer goes into its JSON string as it is, valid or not.
const defaults = {
  reply: ['Hello', ' from', ' the', ' upstream', '.'],
  reasoning: [],
  reasoningField: 'reasoning_content', // or `reasoning`, as some OpenAI-compatible servers call it
  refusal: [], // OpenAI only
  toolCalls: [], // {id, name, arguments: [piece, …]}
  finish: undefined, // the provider's own word; by default what fits
  usage: {prompt: 9, completion: 5}, // null: never said

  beforeHeaders: 0, // ms
  beforeFirst: 0, // ms between the headers and the first event
  pace: 0, // ms between pieces
  holdAfter: undefined, // after that piece wait until the test calls `release()`; 0: before the first

  after: undefined, // after that piece (0: before the first) do …
  then: undefined, // … one of `actions` below
  raw: '', // what `then: 'raw'` writes into the body before it goes on
  error: undefined, // what `then: 'error'` says, instead of the format's ordinary error

  status: 200, // anything else is answered at once, with `body` or the format's error
  headers: {}, // more response headers
  body: undefined, // sent instead of the event stream
  interim: '', // bytes before the response, such as a 103
  echoKey: false, // a 401 that quotes the credentials, as careless servers do

  endMark: true, // false: the body ends well formed but without `[DONE]` or `message_stop`
  split: 0, // > 0: that many bytes a write, each an HTTP chunk of its own
  newline: '\n', // of the event stream: also `\r\n` or `\r`
  framing: 'chunked', // or `close`: the body ends with the connection
  keepAlive: true, // false: the connection is closed after the response
  dropsReused: false, // a second request on a connection finds it closed, as when it was idle for too long
};

// Each gets the socket's side of a response; those that return false end it.
const actions = {
  raw: async (response) => response.write(Buffer.from(response.behaviour.raw)),
  malformed: async (response) => response.write(`data: {"choices": [{"delta": {"content": ${response.newline}${response.newline}`),
  'huge event': async (response) => response.write(response.encoder.text('x'.repeat(1024 * 1024 + 1))),
  error: async (response) => {
    await response.write(response.encoder.error(response.behaviour.error));
    return response.endBody();
  },
  'end of body': async (response) => response.endBody(),
  fin: async (response) => {
    response.settle('cut');
    response.socket.end();
    return false;
  },
  reset: async (response) => {
    // What was written must arrive before the reset, which overtakes it.
    await new Promise((resolve) => setTimeout(resolve, 30));
    response.settle('cut');
    response.socket.resetAndDestroy();
    return false;
  },
  stall: async (response) => {
    await response.gone;
    return false;
  },
};

export class FaultUpstream {
  #server;
  #sockets = new Set();
  #behaviours = new Map();
  #waiting = []; // {model, nth, resolve}
  #connections = 0;
  #requests = new Map(); // by model, in the order they came

  /** `secure`: {key, cert} as PEM, to listen with TLS. `remembers`: false for long tests, which ask for no request. */
  static async start({port = 0, secure, remembers = true} = {}) {
    const upstream = new FaultUpstream();
    upstream.remembers = remembers;
    const accept = (socket) => upstream.#serve(socket);
    upstream.#server = secure ? tls.createServer(secure, accept) : net.createServer({noDelay: true}, accept);
    // A client that refuses our certificate is a test's business, not this server's.
    upstream.#server.on('tlsClientError', () => {});
    await new Promise((resolve, reject) => {
      upstream.#server.once('error', reject);
      upstream.#server.listen(port, '127.0.0.1', resolve);
    });
    upstream.origin = `${secure ? 'https://localhost' : 'http://127.0.0.1'}:${upstream.#server.address().port}`;
    return upstream;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** One behaviour; or a list: one for each request, the last for all that follow; or a function that makes it of the request. */
  behave(model, behaviour) {
    const list = Array.isArray(behaviour) ? behaviour : [behaviour];
    for (const name of list.flatMap((entry) => Object.keys(entry)))
      if (!(name in defaults)) throw new Error(`no such behaviour: ${name}`);
    this.#behaviours.set(model, {list, used: 0});
  }

  requestsFor(model) {
    return this.#requests.get(model) ?? [];
  }

  /** The nth request for that model, as soon as it has come. */
  async request(model, nth = 1, timeout = 10_000) {
    const known = this.requestsFor(model)[nth - 1];
    if (known) return known;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`request ${nth} for ${model} never came`)), timeout);
      this.#waiting.push({model, nth, resolve: (request) => (clearTimeout(timer), resolve(request))});
    });
  }

  get openConnections() {
    return this.#sockets.size;
  }

  async #serve(socket) {
    const connection = ++this.#connections;
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => {});
    const gone = new Promise((resolve) => socket.once('close', resolve));
    gone.then(() => this.#sockets.delete(socket));
    const reader = new RequestReader(socket);
    for (let nth = 1; ; ++nth) {
      const head = await reader.next();
      if (!head) return socket.destroy();
      if (!(await this.#answer(socket, gone, {...head, connection, nthOnConnection: nth}))) return;
    }
  }

  /** False if the connection is over. */
  async #answer(socket, gone, request) {
    const format = request.path.endsWith('/messages') ? 'anthropic' : 'openai';
    const body = JSON.parse(request.bodyText);
    Object.assign(request, {format, body, model: body.model, at: Date.now(), sent: []});
    const known = this.#behaviours.get(body.model);
    const entry = known ? known.list[Math.min(known.used++, known.list.length - 1)] : behaviourFromName(body.model);
    const chosen = typeof entry === 'function' ? entry(request) : entry;
    const response = new Response(socket, gone, request, {...defaults, ...chosen});
    /** Lets a response go on that `holdAfter` holds. */
    request.release = () => response.release();
    /** How it went: `complete`, `cut` (by us), or `gone` (the client closed first). */
    request.outcome = response.outcome;
    if (this.remembers) this.#remember(request);
    return response.run();
  }

  #remember(request) {
    const {model} = request;
    const nth = this.requestsFor(model).length + 1;
    this.#requests.set(model, [...this.requestsFor(model), request]);
    this.#waiting = this.#waiting.filter((wait) => {
      if (wait.model !== model || wait.nth !== nth) return true;
      wait.resolve(request);
      return false;
    });
  }
}

/** Splits a connection's bytes into requests. */
class RequestReader {
  #bytes = Buffer.alloc(0);
  #ended = false;
  #wake = () => {};

  constructor(socket) {
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#wake();
    });
    for (const end of ['end', 'close'])
      socket.on(end, () => {
        this.#ended = true;
        this.#wake();
      });
  }

  /** The next request; nothing when the connection has ended. */
  async next() {
    const end = await this.#until(() => this.#bytes.indexOf('\r\n\r\n'));
    if (end < 0) return undefined;
    const [requestLine, ...lines] = this.#bytes.subarray(0, end).toString('latin1').split('\r\n');
    this.#bytes = this.#bytes.subarray(end + 4);
    const [method, path] = requestLine.split(' ');
    const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
    const size = Number(headers['content-length'] ?? 0);
    if ((await this.#until(() => (this.#bytes.length >= size ? size : -1))) < 0) return undefined;
    const bodyText = this.#bytes.subarray(0, size).toString();
    this.#bytes = this.#bytes.subarray(size);
    return {method, path, headers, bodyText};
  }

  async #until(found) {
    for (;;) {
      const result = found();
      if (result >= 0 || this.#ended) return result;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}

class Response {
  #released;
  #pieces = 0;

  constructor(socket, gone, request, behaviour) {
    this.socket = socket;
    this.gone = gone;
    this.request = request;
    this.behaviour = behaviour;
    this.newline = behaviour.newline;
    this.encoder = new encoders[request.format](behaviour, request.body);
    this.#released = new Promise((resolve) => (this.release = resolve));
    this.outcome = new Promise((resolve) => (this.settle = resolve));
    this.gone.then(() => this.settle('gone'));
  }

  /** False if the connection is over. */
  async run() {
    if (this.behaviour.dropsReused && this.request.nthOnConnection > 1) return this.socket.destroy(), false;
    await this.#sleep(this.behaviour.beforeHeaders);
    if (this.behaviour.interim) await this.#send(this.behaviour.interim);
    if (this.behaviour.status !== 200 || this.behaviour.body !== undefined || this.behaviour.echoKey) return this.#answerWhole();
    const {keepAlive, framing, headers} = this.behaviour;
    const all = {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-cache',
      ...(framing === 'chunked' ? {'Transfer-Encoding': 'chunked'} : {}),
      ...(keepAlive && framing === 'chunked' ? {} : {Connection: 'close'}),
      ...headers,
    };
    await this.#send(`HTTP/1.1 200 OK\r\n${Object.entries(all).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n`);
    await this.#sleep(this.behaviour.beforeFirst);
    const goesOn = await this.#stream();
    if (this.socket.destroyed) return false;
    if (!goesOn) {
      this.settle('cut');
      return this.bodyEnded && keepAlive && framing === 'chunked';
    }
    await this.endBody();
    this.settle('complete');
    if (keepAlive && framing === 'chunked') return true;
    this.socket.end();
    return false;
  }

  async #stream() {
    for (const bytes of this.encoder.begin()) await this.write(bytes);
    if (!(await this.#afterPiece())) return false;
    for (const {bytes, text} of this.encoder.content()) {
      if (this.socket.destroyed) return false;
      if (text !== undefined && this.#pieces > 0) await this.#sleep(this.behaviour.pace);
      await this.write(bytes);
      if (text === undefined) continue;
      this.request.sent.push(text);
      ++this.#pieces;
      if (!(await this.#afterPiece())) return false;
    }
    for (const bytes of this.encoder.end()) await this.write(bytes);
    return true;
  }

  async #afterPiece() {
    const {holdAfter, after, then} = this.behaviour;
    if (holdAfter === this.#pieces) await Promise.race([this.#released, this.gone]);
    if (after === this.#pieces) return (await actions[then](this)) !== false;
    return true;
  }

  /** Not a stream: an error, mostly. */
  async #answerWhole() {
    const {echoKey, keepAlive, headers} = this.behaviour;
    const status = echoKey ? 401 : this.behaviour.status;
    const key = this.request.headers.authorization ?? this.request.headers['x-api-key'];
    const body =
      this.behaviour.body ??
      JSON.stringify(this.encoder.refusal(status, echoKey ? `Incorrect API key provided: ${key}` : `status ${status} on command`));
    const all = {'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), ...(keepAlive ? {} : {Connection: 'close'}), ...headers};
    await this.#send(`HTTP/1.1 ${status} On Command\r\n${Object.entries(all).map(([k, v]) => `${k}: ${v}\r\n`).join('')}\r\n${body}`);
    this.settle('complete');
    if (!keepAlive) this.socket.end();
    return keepAlive;
  }

  /** Part of the body: one HTTP chunk, or many writes and chunks with `split`. */
  async write(bytes) {
    let whole = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
    if (this.newline !== '\n') whole = Buffer.from(whole.toString('latin1').replaceAll('\n', this.newline), 'latin1');
    const size = this.behaviour.split || whole.length;
    for (let at = 0; at < whole.length && !this.socket.destroyed; at += size) {
      const part = whole.subarray(at, at + size);
      await this.#send(this.behaviour.framing === 'chunked' ? Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]) : part);
      // So that the parts arrive apart, mostly.
      if (this.behaviour.split) await new Promise(setImmediate);
    }
  }

  async endBody() {
    this.bodyEnded = true;
    if (this.behaviour.framing === 'chunked') await this.#send('0\r\n\r\n');
    else this.socket.end();
    return false;
  }

  async #send(bytes) {
    if (this.socket.destroyed) return;
    if (!this.socket.write(bytes)) await Promise.race([new Promise((resolve) => this.socket.once('drain', resolve)), this.gone]);
  }

  async #sleep(ms) {
    if (ms <= 0) return;
    let timer;
    await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, ms))), this.gone]);
    clearTimeout(timer);
  }
}

/** JSON in which the string of `key` is that piece: a Buffer's bytes as they are. */
function jsonWithPiece(value, piece) {
  if (!Buffer.isBuffer(piece)) return Buffer.from(JSON.stringify(value(piece)));
  const [before, behind] = JSON.stringify(value('PIECE')).split('PIECE');
  return Buffer.concat([Buffer.from(before), piece, Buffer.from(behind)]);
}

// https://platform.openai.com/docs/api-reference/chat-streaming
class OpenAiEncoder {
  constructor(behaviour, request) {
    this.behaviour = behaviour;
    this.request = request;
  }

  #event(choices, more = {}) {
    return {id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: this.request.model, choices, ...more};
  }

  #data(json) {
    return Buffer.concat([Buffer.from('data: '), Buffer.from(json), Buffer.from('\n\n')]);
  }

  #delta(delta, finish = null) {
    return this.#event([{index: 0, delta, finish_reason: finish}]);
  }

  text(piece, field = 'content') {
    return this.#data(jsonWithPiece((text) => this.#delta({[field]: text}), piece));
  }

  *begin() {
    yield this.#data(JSON.stringify(this.#delta({role: 'assistant', content: ''})));
  }

  *content() {
    const {reasoning, reasoningField, reply, refusal, toolCalls} = this.behaviour;
    for (const text of reasoning) yield {text, bytes: this.text(text, reasoningField)};
    for (const text of reply) yield {text, bytes: this.text(text)};
    for (const text of refusal) yield {text, bytes: this.text(text, 'refusal')};
    for (const [index, call] of toolCalls.entries()) {
      const calls = (more) => ({bytes: this.#data(JSON.stringify(this.#delta({tool_calls: [{index, ...more}]})))});
      yield calls({id: call.id, type: 'function', function: {name: call.name, arguments: ''}});
      for (const piece of call.arguments) yield calls({function: {arguments: piece}});
    }
  }

  *end() {
    const {finish, toolCalls, usage, endMark} = this.behaviour;
    yield this.#data(JSON.stringify(this.#delta({}, finish ?? (toolCalls.length ? 'tool_calls' : 'stop'))));
    if (usage && this.request.stream_options?.include_usage) {
      const {prompt, completion} = usage;
      yield this.#data(JSON.stringify(this.#event([], {usage: {prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion}})));
    }
    if (endMark) yield Buffer.from('data: [DONE]\n\n');
  }

  error(said) {
    return this.#data(JSON.stringify({error: said ?? {message: 'the model tripped', type: 'server_error', param: null, code: null}}));
  }

  refusal(status, message) {
    return {error: {message, type: 'invalid_request_error', param: null, code: String(status)}};
  }
}

// https://docs.anthropic.com/en/api/messages-streaming
class AnthropicEncoder {
  #block = -1;

  constructor(behaviour, request) {
    this.behaviour = behaviour;
    this.request = request;
  }

  #named(type, json) {
    return Buffer.concat([Buffer.from(`event: ${type}\ndata: `), Buffer.from(json), Buffer.from('\n\n')]);
  }

  #event(type, more = {}) {
    return this.#named(type, JSON.stringify({type, ...more}));
  }

  text(piece, type = 'text_delta', field = 'text') {
    return this.#named('content_block_delta', jsonWithPiece((text) => ({type: 'content_block_delta', index: this.#block, delta: {type, [field]: text}}), piece));
  }

  *begin() {
    const {usage} = this.behaviour;
    const message = {id: 'msg_1', type: 'message', role: 'assistant', model: this.request.model, content: [], stop_reason: null, stop_sequence: null};
    yield this.#event('message_start', {message: {...message, ...(usage ? {usage: {input_tokens: usage.prompt, output_tokens: 1}} : {})}});
    yield this.#event('ping');
  }

  *#blockOf(start, pieces) {
    const index = ++this.#block;
    yield {bytes: this.#event('content_block_start', {index, content_block: start})};
    yield* pieces();
    yield {bytes: this.#event('content_block_stop', {index})};
  }

  *content() {
    const {reasoning, reply, toolCalls} = this.behaviour;
    const encoder = this;
    if (reasoning.length)
      yield* this.#blockOf({type: 'thinking', thinking: ''}, function* () {
        for (const text of reasoning) yield {text, bytes: encoder.text(text, 'thinking_delta', 'thinking')};
        yield {bytes: encoder.text('c2lnbmVk', 'signature_delta', 'signature')};
      });
    if (reply.length)
      yield* this.#blockOf({type: 'text', text: ''}, function* () {
        for (const text of reply) yield {text, bytes: encoder.text(text)};
      });
    for (const call of toolCalls)
      yield* this.#blockOf({type: 'tool_use', id: call.id, name: call.name, input: {}}, function* () {
        for (const piece of call.arguments) yield {bytes: encoder.text(piece, 'input_json_delta', 'partial_json')};
      });
  }

  *end() {
    const {finish, toolCalls, usage, endMark} = this.behaviour;
    const reason = finish ?? (toolCalls.length ? 'tool_use' : 'end_turn');
    yield this.#event('message_delta', {delta: {stop_reason: reason, stop_sequence: null}, ...(usage ? {usage: {output_tokens: usage.completion}} : {})});
    if (endMark) yield this.#event('message_stop');
  }

  error(said) {
    return this.#event('error', {error: said ?? {type: 'api_error', message: 'the model tripped'}});
  }

  refusal(status, message) {
    return {type: 'error', error: {type: 'invalid_request_error', message}};
  }
}

const encoders = {openai: OpenAiEncoder, anthropic: AnthropicEncoder};

/** For use by hand and for long tests: `pace=50;chunks=20;after=3;then=reset` as a model's name. */
function behaviourFromName(name) {
  const behaviour = {};
  for (const [key, value] of name.split(';').map((part) => part.split('='))) {
    if (key === 'chunks') behaviour.reply = Array.from({length: Number(value)}, (_, i) => `piece ${i + 1} `);
    else if (value !== undefined && key in defaults) behaviour[key] = Number.isNaN(Number(value)) ? value : Number(value);
  }
  return behaviour;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [port = 9100, cert, key] = process.argv.slice(2);
  const secure = cert ? {cert: readFileSync(cert), key: readFileSync(key)} : undefined;
  const upstream = await FaultUpstream.start({port: Number(port), secure});
  console.log(`OpenAI and Anthropic formats on ${upstream.origin}/v1`);
}
