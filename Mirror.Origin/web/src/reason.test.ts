import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamInfo } from './api';
import { reasonOfStream, undecodable } from './reason';

const now = Date.parse('2026-01-01T00:01:00Z');
const stream: StreamInfo = {
  id: 'cam', type: 'srt', source_addr: '', status: 'active', created_at: '2026-01-01T00:00:00Z', last_heartbeat: '', video_codec: 'avc1.64001f', audio_codec: 'mp4a.40.2',
  bitrate: 1, frame_rate: 25,
};

test('a stream with both tracks has nothing to say', () => assert.equal(reasonOfStream(stream, now), ''));

test('a silent or unusable publisher is told as the server tells it', () => {
  assert.equal(reasonOfStream({ ...stream, status: 'degraded', status_reason: 'the publisher is connected but sends nothing' }, now), 'The publisher is connected but sends nothing.');
  assert.equal(reasonOfStream({ ...stream, status: 'connecting', status_reason: 'waiting for the first access unit' }, now), '');
});

test('a missing track is told once it had time to come', () => {
  assert.equal(reasonOfStream({ ...stream, video_codec: null }, now), 'Audio only: no video arrives.');
  assert.equal(reasonOfStream({ ...stream, audio_codec: null }, now), 'No audio arrives.');
  assert.equal(reasonOfStream({ ...stream, audio_codec: null, created_at: '2026-01-01T00:00:58Z' }, now), '');
});

test('codecs that cannot be decoded have their names', () => {
  assert.equal(undecodable('hvc1.1.6.L93.B0, mp4a.40.2'), 'This browser cannot decode HEVC and AAC.');
  assert.equal(undecodable('avc1.640028,mp4a.40.2,avc1.64001f'), 'This browser cannot decode H.264 and AAC.');
  assert.equal(undecodable(''), 'This browser cannot decode what the stream has.');
});
