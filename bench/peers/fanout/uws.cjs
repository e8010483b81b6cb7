// Fan-out on uWebSockets: what is posted is published to a topic that each client subscribes to.
//
//   uws.cjs PORT

const uws = require('@trufflesuite/uws-js-unofficial');

// Its JavaScript stand-in, for platforms it has no binary for, would be measured under its name.
if (process.env.UWS_USE_FALLBACK || !uws.us_socket_local_port) throw new Error('uWebSockets has no binary for this platform');

const app = uws.App();
app.ws('/events', {
  compression: uws.DISABLED,
  idleTimeout: 0,
  // By default it drops messages beyond 64 KiB: a subscriber that is behind for a moment would have a gap.
  maxBackpressure: 64 * 1024 * 1024,
  open: (socket) => socket.subscribe('session'),
});
app.post('/publish', (response) => {
  const pieces = [];
  response.onAborted(() => {});
  response.onData((piece, last) => {
    pieces.push(Buffer.from(piece.slice(0))); // theirs is gone when this returns
    if (!last) return;
    app.publish('session', Buffer.concat(pieces), false);
    response.end();
  });
});
app.listen('127.0.0.1', Number(process.argv[2]), (socket) => {
  if (!socket) throw new Error('it does not listen');
});
