import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MediaFragment } from 'hls.js';
import { behindLoaded } from './segment-choice';

const segment = (sn: number) => ({ sn, start: sn, end: sn + 1 }) as MediaFragment;
const details = { live: true, fragments: [segment(1), segment(2)], fragmentHint: segment(3) };
const loaded = (...numbers: number[]) => (candidate: MediaFragment) => numbers.includes(candidate.sn);

test('a segment that is not loaded is loaded', () => {
  assert.equal(behindLoaded(segment(2), 2.5, details, loaded(1))?.sn, 2);
});

test('behind a loaded segment comes the next, be it incomplete', () => {
  assert.equal(behindLoaded(segment(1), 1.996, details, loaded(1))?.sn, 2);
  assert.equal(behindLoaded(segment(2), 2.996, details, loaded(1, 2))?.sn, 3);
});

test('nothing is loaded twice, or before it is listed', () => {
  assert.equal(behindLoaded(segment(1), 1.996, details, loaded(1, 2)), null);
  assert.equal(behindLoaded(segment(3), 3.996, details, loaded(3)), null);
  assert.equal(behindLoaded(null, 1.996, details, loaded()), null);
});

test('a loaded segment of which little is buffered is left to hls.js', () => {
  assert.equal(behindLoaded(segment(1), 1.5, details, loaded(1))?.sn, 1);
});
