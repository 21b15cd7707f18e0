import { defineConfig } from 'vite';

export default defineConfig({
  build: {
    target: 'es2022',
    outDir: process.env.MIRROR_WEB_OUTPUT ?? 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,              // no data: URLs, so that the content security policy stays strict
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1000,       // hls.js is half a megabyte before compression
    rolldownOptions: { input: ['index.html', 'watch.html', 'missing.html'] },
  },
});
