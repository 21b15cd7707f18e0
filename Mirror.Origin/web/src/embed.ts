// The player for pages of other sites: what the npm package mirror-player exports.
import { Player } from './player';
import { placeOf } from './playlist-address';

export { Player as MirrorPlayer };
export type { Choice, Metrics, PlayerState } from './player';

/**
 * Plays a stream of a Mirror server in a video element, near its live edge, and goes on by itself after pauses of its publisher.
 * @param video The element.
 * @param playlist Address of the stream's playlist, …/live/STREAM/playlist.m3u8, or of a recording's, …/dvr/STREAM/RECORDING/playlist.m3u8.
 * @returns The player: its state, its metrics, its renditions and sounds.
 */
export function play(video: HTMLVideoElement, playlist: string | URL): Player {
  const { server, stream, recording } = placeOf(playlist, document.baseURI);
  const player = new Player(video, stream, recording, server);
  player.start();
  return player;
}
