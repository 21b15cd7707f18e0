/** What the address of a playlist names. */
export interface Place {
  /** Scheme, host and port of the server. */
  server: string;
  stream: string;
  /** Id of a recording; null for the live stream. */
  recording: string | null;
}

/** Reads the address of a multivariant playlist: …/live/studio/playlist.m3u8, or …/dvr/studio/20260101T120000000Z/playlist.m3u8. */
export function placeOf(playlist: string | URL, base: string): Place {
  const { origin, pathname } = new URL(playlist, base);
  const [, live] = /^\/live\/([^/]+)\/playlist\.m3u8$/.exec(pathname) ?? [];
  const [, recorded, recording] = /^\/dvr\/([^/]+)\/([^/]+)\/playlist\.m3u8$/.exec(pathname) ?? [];
  const stream = live ?? recorded;
  if (stream === undefined) {
    throw new Error(`${pathname} is no playlist of Mirror: it is /live/STREAM/playlist.m3u8 or /dvr/STREAM/RECORDING/playlist.m3u8`);
  }
  return { server: origin, stream: decodeURIComponent(stream), recording: recording === undefined ? null : decodeURIComponent(recording) };
}
