import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from './playlist-address';

const base = 'https://page.example/news/';

test('a live playlist names its server and its stream', () => {
  assert.deepEqual(placeOf('https://video.example:8443/live/studio%201/playlist.m3u8?x=1', base), { server: 'https://video.example:8443', stream: 'studio 1', recording: null });
});

test('a recording has its id', () => {
  assert.deepEqual(placeOf(new URL('https://video.example/dvr/studio/20260101T120000000Z/playlist.m3u8'), base), { server: 'https://video.example', stream: 'studio', recording: '20260101T120000000Z' });
});

test('an address without a host is of the page', () => {
  assert.equal(placeOf('/live/studio/playlist.m3u8', base).server, 'https://page.example');
});

for (const wrong of ['https://video.example/live/studio/360p/playlist.m3u8', 'https://video.example/', '/live//playlist.m3u8', '/watch/studio']) {
  test(`${wrong} is refused with what is expected`, () => {
    assert.throws(() => placeOf(wrong, base), /is no playlist of Mirror: it is \/live\/STREAM\/playlist.m3u8/);
  });
}
