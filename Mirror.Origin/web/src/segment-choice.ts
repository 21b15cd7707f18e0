// Which segment hls.js loads next, where it would otherwise stop loading for seconds.
import Hls, { type LevelDetails, type MediaFragment } from 'hls.js';

/** Seconds: what is buffered of a segment may seem to end so much before the segment does. */
const tolerance = 0.05;

/**
 * A segment to load instead of one that is loaded. Playlists tell time to the millisecond, so a rendition's segments may seem to end a
 * little behind what is buffered of them. While hls.js loads parts it has no tolerance for that: it finds the segment that it has just
 * loaded, and where a playlist came while one of its parts was on the way, it takes the segment for unfinished, yet does not load it
 * again. It stays there until the segment leaves the list of parts, three target durations later.
 */
export function behindLoaded(
  found: MediaFragment | null,
  bufferEnd: number,
  details: Pick<LevelDetails, 'live' | 'fragments' | 'fragmentHint'>,
  isLoaded: (segment: MediaFragment) => boolean,
): MediaFragment | null {
  if (!found || !details.live || !isLoaded(found) || found.end - bufferEnd > tolerance) {
    return found;
  }
  const next = [...details.fragments, details.fragmentHint].find((segment) => segment?.sn === found.sn + 1);
  return next && !isLoaded(next) ? next : null;
}

class AudioSegments extends Hls.DefaultConfig.audioStreamController! {
  protected override getFragmentAtPosition(bufferEnd: number, end: number, details: LevelDetails): MediaFragment | null {
    const found = super.getFragmentAtPosition(bufferEnd, end, details);
    return behindLoaded(found, bufferEnd, details, (segment) => this.fragmentTracker.getState(segment) === 'OK');
  }
}

class MainSegments extends Hls.DefaultConfig.streamController {
  protected override getFragmentAtPosition(bufferEnd: number, end: number, details: LevelDetails): MediaFragment | null {
    const found = super.getFragmentAtPosition(bufferEnd, end, details);
    return behindLoaded(found, bufferEnd, details, (segment) => this.fragmentTracker.getState(segment) === 'OK');
  }
}

export const segmentChoice = { audioStreamController: AudioSegments, streamController: MainSegments };
