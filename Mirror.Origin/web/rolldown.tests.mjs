// Bundles the unit tests, which Node.js 20 cannot read as TypeScript.
import { readdirSync } from 'node:fs';
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: readdirSync('src').filter((name) => name.endsWith('.test.ts')).map((name) => `src/${name}`),
  platform: 'node',
  output: { dir: 'build-tests', entryFileNames: '[name].mjs' },
});
