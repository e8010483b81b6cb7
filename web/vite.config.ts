// `npm run build` makes dist/, which CMake embeds into the server. `npm run dev` serves the sources with reloading, and sends
// the API's requests to a running server: PARLEY_ORIGIN, by default the one that `./dev run` starts.
import {readdirSync, readFileSync} from 'node:fs';
import {defineConfig, type Plugin} from 'vite';

const server = process.env['PARLEY_ORIGIN'] ?? 'http://127.0.0.1:8080';

/** What the page is made of is given on with it: so are its licences, as one file of the build. */
function licences(): Plugin {
  const {dependencies} = JSON.parse(readFileSync('package.json', 'utf8')) as {dependencies: Record<string, string>};
  const texts = Object.keys(dependencies).map((name) => {
    const folder = `node_modules/${name}`;
    const file = readdirSync(folder).find((each) => /^licen[cs]e(\.md|\.txt)?$/i.test(each));
    if (!file) throw new Error(`${name} says nothing of its licence`);
    return `== ${name}\n\n${readFileSync(`${folder}/${file}`, 'utf8').trim()}\n`;
  });
  return {
    name: 'licences',
    generateBundle() {
      this.emitFile({type: 'asset', name: 'licences.txt', source: texts.join('\n')});
    },
  };
}

export default defineConfig({
  plugins: [licences()],
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none'},
  build: {
    target: 'es2022',
    // The page's policy allows no `data:` but for images, and a font of its own keeps its place in the cache.
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    rollupOptions: {input: ['index.html', 'docs/index.html']},
    // Swagger UI is one file of 1.7 MB, which only /docs/ asks for.
    chunkSizeWarningLimit: 2000,
    reportCompressedSize: true,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      // The server admits pages of its own origin only: to it, these requests are such.
      '/api': {target: server, changeOrigin: true, headers: {origin: server}},
      '/openapi.json': {target: server, changeOrigin: true},
      '/ws': {target: server.replace(/^http/, 'ws'), ws: true, changeOrigin: true, headers: {origin: server}},
    },
  },
});
