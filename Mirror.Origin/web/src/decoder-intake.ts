// Whether the browser takes a rendition at all. Of a stream without IDR pictures some decoders fail over the first frames that refer to
// what was never sent. And a source buffer drops coded frames until one that decoding can start with (Media Source Extensions §3.5.8):
// of intra refresh Chromium drops all of them, and tells nobody. There is no error, and nothing is buffered.

/** A part that was appended. In seconds of the media element. */
export interface Appended {
  level: number;
  start: number;
  end: number;
  /** Decoding can start here, by what the playlist says. */
  isIndependent: boolean;
}

/** Seconds. */
export const limits = {
  /** Appended since the beginning of an independent part: so much is more than the frames that a browser holds back. */
  dropped: 0.5,
  /** Playlists and buffers tell time a little apart, a rendition with B-frames begins some frames after its segment. */
  early: 0.25,
  late: 0.5,
  /** A decoder fails over frames that are still to be shown. */
  ahead: 1,
  /** On the screen, after which a rendition is no longer one that cannot be started with: its failure is an accident. */
  steady: 10,
};

/** The rendition that a decoder failed over. */
export interface Failure {
  level: number;
  /** It cannot be started with, rather than damaged. */
  isRefused: boolean;
}

/**
 * Which rendition a decoder has failed over; null is unknown.
 * @param begins Where each rendition begins that was loaded, in order.
 * @param playhead In seconds.
 * @param shown The rendition on the screen, and for how many seconds.
 */
export function blame(begins: readonly { time: number; level: number }[], playhead: number, shown: { level: number; seconds: number } | null): Failure | null {
  const begin = begins.findLast(({ time }) => time <= playhead + limits.ahead) ?? begins[0];
  return begin ? { level: begin.level, isRefused: begin.level !== shown?.level || shown.seconds < limits.steady } : null;
}

export class DecoderIntake {
  private level = -1;
  private begin: number | null = null;   // of an independent part of which nothing was kept so far
  private end = 0;

  /** Another player's buffer. */
  reset(): void {
    this.level = -1;
    this.begin = null;
  }

  /**
   * Something was appended.
   * @param ranges What the video's source buffer holds now.
   * @returns Whether its rendition is refused: it was to start with an independent part, and the browser has kept nothing.
   */
  isRefused({ level, start, end, isIndependent }: Appended, ranges: readonly Range[]): boolean {
    const continues = level === this.level && Math.abs(start - this.end) < limits.early;
    if (!continues || this.begin === null) {
      this.begin = isIndependent ? start : null;
    }
    this.level = level;
    this.end = end;
    const begin = this.begin;
    if (begin === null) {
      return false;
    }
    if (ranges.some((range) => isOf(range, begin, end))) {
      this.begin = null;
      return false;
    }
    return end - begin > limits.dropped;
  }
}

interface Range {
  start: number;
  end: number;
}

/** Whether a range has frames of what was appended: it starts with them, or goes on into them, rather than ends where they begin. */
function isOf(range: Range, begin: number, end: number): boolean {
  return range.start < end + limits.late && range.end > begin + (range.start > begin - limits.early ? 0 : limits.early);
}
