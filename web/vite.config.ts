// `npm run build` makes dist/, which CMake embeds into the server. `npm run dev` serves the sources with reloading, and sends
// the API's requests to a running server: PARLEY_ORIGIN, by default the one that `./dev run` starts.
import {defineConfig} from 'vite';

const server = process.env['PARLEY_ORIGIN'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  esbuild: {jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none'},
  build: {
    target: 'es2022',
    // The page's policy allows no `data:` but for images, and a font of its own keeps its place in the cache.
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    reportCompressedSize: true,
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      // The server admits pages of its own origin only: to it, these requests are such.
      '/api': {target: server, changeOrigin: true, headers: {origin: server}},
      '/ws': {target: server.replace(/^http/, 'ws'), ws: true, changeOrigin: true, headers: {origin: server}},
    },
  },
});
