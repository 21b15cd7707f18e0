// Bundles the unit tests, which Node.js 20 cannot read as TypeScript.
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: ['src/latency-controller.test.ts', 'src/format.test.ts', 'src/segment-choice.test.ts', 'src/rendition-choice.test.ts'],
  platform: 'node',
  output: { dir: 'build-tests', entryFileNames: '[name].mjs' },
});
