import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bitrate, codecName, duration, frameRate, position, size } from './format';

test('rates', () => {
  assert.deepEqual([0, 400_000, 3_140_000, 50_000_000].map(bitrate), ['0 kbit/s', '400 kbit/s', '3.1 Mbit/s', '50 Mbit/s']);
});

test('durations', () => {
  assert.deepEqual([-1, 12.9, 250, 3900, 183_600].map(duration), ['0 s', '12 s', '4 min 10 s', '1 h 05 min', '2 d 3 h']);
});

test('places in a recording', () => {
  assert.deepEqual([-1, 42.9, 600, 5025].map(position), ['0:00', '0:42', '10:00', '1:23:45']);
});

test('sizes', () => {
  assert.deepEqual([0, 640_000, 3_140_000, 999_900_000, 12_000_000_000].map(size), ['0 kB', '640 kB', '3.1 MB', '1.0 GB', '12 GB']);
});

test('frame rates', () => {
  assert.deepEqual([25.02, 30000 / 1001].map(frameRate), ['25 fps', '30 fps']);
});

test('codecs, from the API and from playlists', () => {
  assert.deepEqual(['h264', 'avc1.640028', 'hvc1.1.6.L93.B0', 'mp4a.40.2', 'opus', 'other'].map(codecName), ['H.264', 'H.264', 'HEVC', 'AAC', 'Opus', 'other']);
});
