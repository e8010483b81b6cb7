// Fan-out on npm's `ws`, as its documentation has it: what is posted is sent to each client.
//
//   ws.mjs PORT

import {createServer} from 'node:http';
import {WebSocketServer, WebSocket} from 'ws';

const server = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const event = Buffer.concat(pieces);
  for (const client of wss.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(event, {binary: false});
  }
  response.end();
});
const wss = new WebSocketServer({server});
wss.on('connection', (client) => client.on('error', () => client.terminate()));
server.listen({port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096});
