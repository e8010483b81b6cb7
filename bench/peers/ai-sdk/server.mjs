// The AI SDK's own way to relay a chat: one call, piped into the response as the SDK's event stream. A process a core.
//
//   server.mjs PORT UPSTREAM_BASE_URL

import cluster from 'node:cluster';
import {createServer} from 'node:http';
import {createOpenAI} from '@ai-sdk/openai';
import {streamText} from 'ai';

const [port, baseURL] = process.argv.slice(2);

if (cluster.isPrimary) {
  for (let i = 0; i < 2; ++i) cluster.fork();
} else {
  const openai = createOpenAI({baseURL, apiKey: 'bench'});
  const answer = async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const {model, messages} = JSON.parse(body);
    streamText({model: openai.chat(model), messages}).pipeUIMessageStreamToResponse(response);
  };
  createServer((request, response) => {
    answer(request, response).catch((error) => {
      console.error(error);
      response.destroy();
    });
  }).listen({port: Number(port), host: '127.0.0.1', backlog: 4096});
}
