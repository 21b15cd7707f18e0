import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blame, DecoderIntake } from './decoder-intake';

const part = 0.12;

/** Appends parts; which of them were taken for a refusal, counted from 0. */
function append(intake: DecoderIntake, level: number, from: number, count: number, independent: number, ranges: (end: number) => { start: number; end: number }[]): number[] {
  const refused: number[] = [];
  for (let i = 0; i < count; i++) {
    const start = from + i * part;
    if (intake.isRefused({ level, start, end: start + part, isIndependent: i === independent }, ranges(start + part))) {
      refused.push(i);
    }
  }
  return refused;
}

test('a rendition of which nothing is kept is refused after half a second of it', () => {
  assert.equal(append(new DecoderIntake(), 1, 4, 10, 0, () => [])[0], 4);
});

test('what stands before an independent part may be dropped', () => {
  assert.deepEqual(append(new DecoderIntake(), 1, 4, 10, 8, () => []), []);
});

test('a rendition that is kept is not refused, whenever the first frame shows', () => {
  assert.deepEqual(append(new DecoderIntake(), 1, 4, 20, 0, (end) => [{ start: 4, end }]), []);
  assert.deepEqual(append(new DecoderIntake(), 1, 4, 20, 0, (end) => end > 4.3 ? [{ start: 4.16, end: end + 0.16 }] : []), []);
});

test('what another rendition left in the buffer is no sign of this one', () => {
  assert.equal(append(new DecoderIntake(), 1, 4, 10, 0, () => [{ start: 1, end: 4.04 }])[0], 4);
});

test('a part that a gap follows is kept, and what stands behind the gap may be dropped', () => {
  const intake = new DecoderIntake();
  const kept = [{ start: 4, end: 4.12 }];
  assert.deepEqual(append(intake, 0, 4, 1, 0, () => kept), []);
  assert.deepEqual(append(intake, 0, 4.48, 8, -1, () => kept), []);
  assert.deepEqual(append(intake, 0, 7, 1, 0, () => []), []);
  assert.deepEqual(append(intake, 0, 9, 8, -1, () => []), []);
});

test('a frame that lasts for seconds is kept at once', () => {
  assert.equal(new DecoderIntake().isRefused({ level: 0, start: 4, end: 6, isIndependent: true }, [{ start: 4, end: 6 }]), false);
});

test('a player that starts again is judged again', () => {
  const intake = new DecoderIntake();
  append(intake, 1, 4, 4, 0, () => []);
  intake.reset();
  assert.equal(append(intake, 0, 4.24, 10, 0, () => [])[0], 4);
});

test('a decoder that fails at the start refuses what was loaded, wherever the playhead still is', () => {
  assert.deepEqual(blame([{ time: 24, level: 1 }], 0, null), { level: 1, isRefused: true });
  assert.deepEqual(blame([{ time: 24, level: 1 }], 24.2, { level: 1, seconds: 0.1 }), { level: 1, isRefused: true });
  assert.equal(blame([], 0, null), null);
});

test('a decoder that fails after a switch refuses what comes next, not what is shown', () => {
  assert.deepEqual(blame([{ time: 4, level: 0 }, { time: 24, level: 1 }], 23.6, { level: 0, seconds: 19 }), { level: 1, isRefused: true });
});

test('a rendition that was played for a while is damaged, not refused', () => {
  assert.deepEqual(blame([{ time: 4, level: 1 }], 23.6, { level: 1, seconds: 19 }), { level: 1, isRefused: false });
});
