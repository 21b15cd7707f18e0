import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EntryPoints, limits, readEntries } from './entry-points';

const head = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-INDEPENDENT-SEGMENTS\n';
const part = (independent: boolean, gap = false) => `#EXT-X-PART:DURATION=0.1,URI="a"${independent ? ',INDEPENDENT=YES' : ''}${gap ? ',GAP=YES' : ''}\n`;
const segment = (seconds: number) => `#EXTINF:${seconds},\na.m4s\n`;

function ageOf(text: string): number {
  return Math.round(readEntries(text).age * 1000) / 1000;
}

test('a rendition is easy where every segment of few seconds can be started with', () => {
  assert.equal(readEntries(head).isEasy, true);
  assert.equal(readEntries(head.replace('TARGETDURATION:1', 'TARGETDURATION:10')).isEasy, false);
  assert.equal(readEntries(head.replace('#EXT-X-INDEPENDENT-SEGMENTS\n', '')).isEasy, false);
});

test('the age of the newest entry is what is listed from it on', () => {
  assert.equal(ageOf(head + part(true) + part(false) + part(false)), 0.3);
  assert.equal(ageOf(head + part(true) + part(false) + segment(0.2) + part(false)), 0.3);
  assert.equal(ageOf(head + part(true) + segment(0.1) + segment(4) + part(false)), 4.2);
  assert.equal(ageOf(head + part(true) + part(true)), 0.1);
  assert.equal(ageOf(head + part(false) + part(false)), Infinity);
  assert.equal(ageOf(head + part(true, true)), Infinity);
  assert.equal(ageOf('rubbish'), Infinity);
});

test('playlists are asked for once, and again when they are old', async () => {
  let now = 0;
  let asked = 0;
  let text = head.replace('#EXT-X-INDEPENDENT-SEGMENTS\n', '') + part(false);
  const entries = new EntryPoints(() => Promise.resolve((asked++, text)), () => now);
  assert.equal(entries.isEasy('a'), null);
  assert.equal(entries.isEasy('a'), null);
  await settled();
  assert.equal(asked, 1);
  assert.equal(entries.isEasy('a'), false);
  assert.equal(entries.isFresh('a'), false);
  text += part(true);
  now += limits.kept;
  entries.isFresh('a');
  await settled();
  assert.equal(asked, 2);
  assert.equal(entries.isFresh('a'), true);
});

test('a playlist that cannot be loaded tells nothing, and is asked for again', async () => {
  let asked = 0;
  const entries = new EntryPoints(() => Promise.reject(new Error(`${asked++}`)), () => 0);
  entries.isEasy('a');
  await settled();
  assert.equal(entries.isEasy('a'), null);
  await settled();
  assert.equal(asked, 2);
});

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
