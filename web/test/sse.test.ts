import assert from 'node:assert/strict';
import {test} from 'node:test';
import {SseParser} from '../src/api/sse';

const stream = ': keep-alive\n\nid: r:1\ndata: {"a":1}\n\nid: r:2\r\ndata: two\r\ndata:lines\r\n\r\nevent: x\rdata: old line ends\r\rdata\n\nid: r:3\ndata: é\n\ndata: cut off\n';
const events = [
  {id: 'r:1', data: '{"a":1}'},
  {id: 'r:2', data: 'two\nlines'},
  {id: 'r:2', data: 'old line ends'},
  {id: 'r:2', data: ''},
  {id: 'r:3', data: 'é'},
];

test('events are whole, whatever their line ends; what is cut off is none', () => {
  assert.deepEqual(new SseParser().push(stream), events);
});

test('events come out the same wherever the stream is split', () => {
  for (let at = 0; at <= stream.length; ++at) {
    const parser = new SseParser();
    assert.deepEqual([...parser.push(stream.slice(0, at)), ...parser.push(stream.slice(at))], events, `split at ${at}`);
  }
  const parser = new SseParser();
  assert.deepEqual([...stream].flatMap((char) => parser.push(char)), events);
});
