// Keeps playback at a steady distance from the live edge by changing the playback rate a little, and finds out how small that
// distance may be. hls.js leaves the rate alone while less than a second is buffered, which in low-latency playback is always.

/** What is known of playback at one moment. All durations are in seconds. */
export interface Observation {
  /** A steady clock. */
  now: number;
  /** From the playhead to the live edge (LiveEdge). */
  latency: number;
  /** From the playhead to the end of what is buffered. */
  buffer: number;
}

export interface Action {
  rate: number;
  /** Move the playhead ahead by so much; 0 is no seek. */
  seek: number;
}

/** All in seconds, except rates. */
export const limits = {
  /** Rates that listeners do not notice, with the pitch preserved. */
  slowest: 0.95,
  fastest: 1.08,
  /** An error beyond the first starts a correction, one within the second ends it: between them nothing changes. */
  startCorrecting: 0.05,
  stopCorrecting: 0.015,
  /** Rate per second of error. */
  gain: 0.2,
  /** Largest change of the rate from one observation to the next. */
  rateStep: 0.01,
  /** Playing faster than the stream arrives empties the buffer: not below this much. */
  leastBufferToSpeedUp: 0.06,
  /** Further off than this for so long, a seek is better than minutes of fast playback. */
  seekBeyond: 2,
  seekAfter: 1,
  /** A seek empties the buffer, so where the machine or the network is too slow it does not help: not again before this. */
  seekAgain: 8,
  /** The margin of a viewer of whom nothing is known yet: calm playback makes it smaller, and that is better than a stall in the first seconds. */
  startMargin: 0.25,
  /** Less saves nothing that a viewer sees, and leaves nothing for a busy moment of the machine. */
  smallestMargin: 0.1,
  largestMargin: 2,
  /** A stall adds its own length, which is what would have bridged it, between these. */
  leastStallStep: 0.1,
  largestStallStep: 0.5,
  /** A buffer that almost ran out adds less, once in so many seconds. */
  nearStallStep: 0.03,
  nearlyEmpty: 0.04,
  nearStallAgain: 2,
  /** After so long without either, with so much to spare all the while, the margin shrinks, step by step. */
  calm: 30,
  calmAgain: 10,
  spare: 0.2,
  relaxStep: 0.02,
  /** Over this long the way from ingest to playlist is taken to be constant. */
  edgeWindow: 30,
};

/**
 * The distance to the live edge, also while playlists arrive late. The playlist alone tells too little then: an edge that is old makes
 * a playhead that is far behind look close. The program date-time of the picture against the server's clock does not age, but counts
 * the way from ingest to playlist as well, which is constant: the least that the two ever differed by.
 */
export class LiveEdge {
  private readonly differences: { now: number; value: number }[] = [];

  /** From the playhead to the live edge, of what the playlist says and what the date-time says. */
  distance(now: number, byPlaylist: number, byDateTime: number | null): number {
    if (byDateTime === null) {
      return byPlaylist;
    }
    const difference = byDateTime - byPlaylist;
    // A queue of candidates for the least of the window: rising, so that the first is the least.
    while (this.differences.length > 0 && (this.differences[this.differences.length - 1]?.value ?? 0) >= difference) {
      this.differences.pop();
    }
    this.differences.push({ now, value: difference });
    while (this.differences[0] && now - this.differences[0].now > limits.edgeWindow) {
      this.differences.shift();
    }
    return byDateTime - (this.differences[0]?.value ?? 0);
  }

  reset(): void {
    this.differences.length = 0;
  }
}

export class LatencyController {
  /** Smallest target: the playlist's PART-HOLD-BACK. */
  holdBack = 0.3;
  /** On top of it, as this viewer's network and machine call for. */
  margin = limits.startMargin;

  private rate = 1;
  private correcting = false;
  private farSince: number | null = null;
  private soughtAt = -Infinity;
  private nearStallAt = -Infinity;
  private spareSince: number | null = null;   // since when the buffer had enough to spare

  get target(): number {
    return this.holdBack + this.margin;
  }

  /** Playback ran dry for so many seconds. No margin bridges a publisher that is gone for longer than the largest. */
  stalled(lasted: number): void {
    if (lasted < limits.largestMargin) {
      this.widen(Math.min(limits.largestStallStep, Math.max(limits.leastStallStep, lasted)));
    }
  }

  /** Playback starts again somewhere else: what was observed before says nothing. */
  reset(): void {
    this.rate = 1;
    this.correcting = false;
    this.farSince = null;
    this.spareSince = null;
  }

  observe(seen: Observation): Action {
    this.adaptMargin(seen);
    const error = seen.latency - this.target;
    if (this.isTooFar(error, seen.now)) {
      this.reset();
      this.soughtAt = seen.now;
      return { rate: 1, seek: error };
    }
    this.correcting = Math.abs(error) > (this.correcting ? limits.stopCorrecting : limits.startCorrecting);
    let wanted = this.correcting ? 1 + error * limits.gain : 1;
    wanted = Math.min(limits.fastest, Math.max(limits.slowest, wanted));
    if (seen.buffer < limits.leastBufferToSpeedUp) {
      wanted = Math.min(wanted, 1);
    }
    const step = Math.min(limits.rateStep, Math.max(-limits.rateStep, wanted - this.rate));
    this.rate = Math.round((this.rate + step) * 1000) / 1000;
    return { rate: this.rate, seek: 0 };
  }

  private adaptMargin({ now, buffer }: Observation): void {
    if (buffer < limits.spare) {
      this.spareSince = null;
      if (buffer < limits.nearlyEmpty && now - this.nearStallAt > limits.nearStallAgain) {
        this.nearStallAt = now;
        this.widen(limits.nearStallStep);
      }
      return;
    }
    this.spareSince ??= now;
    if (this.margin > limits.smallestMargin && now - this.spareSince > limits.calm) {
      this.margin = Math.max(limits.smallestMargin, this.margin - limits.relaxStep);
      this.spareSince = now - limits.calm + limits.calmAgain;
    }
  }

  private widen(step: number): void {
    this.margin = Math.min(limits.largestMargin, this.margin + step);
    this.spareSince = null;
  }

  private isTooFar(error: number, now: number): boolean {
    if (error <= limits.seekBeyond) {
      this.farSince = null;
      return false;
    }
    this.farSince ??= now;
    return now - this.farSince >= limits.seekAfter && now - this.soughtAt >= limits.seekAgain;
  }
}
