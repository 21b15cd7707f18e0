import { defineConfig } from 'vite';

// The player as an npm package. hls.js stays a dependency, so that a page has it once.
export default defineConfig({
  publicDir: 'embed',
  build: {
    target: 'es2022',
    outDir: process.env.MIRROR_PACKAGE_OUTPUT ?? '../../artifacts/mirror-player',
    emptyOutDir: true,
    lib: { entry: 'src/embed.ts', formats: ['es'], fileName: () => 'mirror-player.js' },
    rolldownOptions: { external: ['hls.js'] },
  },
});
