// Plays one stream as Low-Latency HLS, or one of its recordings, with hls.js, or with the browser's own HLS where Media Source Extensions are missing.
import Hls, { type ErrorData, type Fragment, type FragLoadedData, type HlsConfig, type Level, type Part } from 'hls.js';
import { findStream, isLive } from './api';
import { blame, DecoderIntake, type Appended } from './decoder-intake';
import { EntryPoints, limits as entry, readEntries } from './entry-points';
import { LatencyController, LiveEdge } from './latency-controller';
import { undecodable } from './reason';
import { RenditionChoice } from './rendition-choice';
import { segmentChoice } from './segment-choice';
import { ServerClock } from './server-clock';

export type PlayerState = 'connecting' | 'waiting' | 'playing' | 'paused' | 'stalled' | 'ended' | 'error';

/** What can be measured now. Durations are in seconds; null is unknown. */
export interface Metrics {
  /** From the arrival of the picture at the ingest node to the screen. */
  latency: number | null;
  /** From the playhead to the live edge. */
  edge: number | null;
  target: number | null;
  buffer: number;
  stalls: number;
  stalledSeconds: number;
  droppedFrames: number;
  totalFrames: number;
  /** Shown over the last second or so; null is unknown. */
  frameRate: number | null;
  rate: number;
  /** The rendition on the screen: its name, and its size. */
  rendition: string;
  resolution: string;
  /** Times that another rendition came to the screen. */
  switches: number;
  /** What hls.js reported, fatal or not, and the last of it. */
  errors: number;
  lastError: string;
  codecs: string;
  bitrate: number | null;
  bandwidth: number | null;
  engine: string;
}

/** A rendition that can be chosen. */
export interface Choice {
  name: string;
  label: string;
}

const tickMs = 100;
const retryMs = 1500;
const stallShownAfterMs = 700;      // a shorter one is counted, not announced
const mediaRecoveries = 3;          // in a row, before the player gives up
const steadySeconds = 10;           // of playback, after which the count starts anew
const longestRemainder = 1;         // seconds at the end of a stream that one track may have and the other not
const snapMs = 3000;                // after the start or a break, during which one seek may bring playback to the target
const breakMs = 1000;               // a stall that nobody misses
const leastSnap = 0.2;              // seconds: less is left to the rate
const behindLive = 1.5;             // seconds off target from which on "LIVE" is not lit
const longestWaitMs = 2000;         // for the end of a segment, where another rendition can begin
const flushBeyond = 3;              // seconds buffered: a viewer who chooses a rendition wants to see it before that
const mostBegins = 64;              // changes of rendition that are remembered: as many as a viewer may seek back across
const patienceMs = 400;             // with a rendition that does not go on, before another is tried
const frameRateMs = 1000;           // over which it is measured
const struggling = 0.25;            // share of frames dropped that makes a rendition too much for this machine
const fewestFrames = 40;            // before that can be said

const configuration: Partial<HlsConfig> = {
  ...segmentChoice,
  lowLatencyMode: true,
  enableWorker: false,              // fragmented MP4 passes through: a worker would only add two hops
  backBufferLength: 30,
  maxBufferLength: 10,
  maxLiveSyncPlaybackRate: 1,       // the rate and the margin are ours (latency-controller.ts)
  liveSyncOnStallIncrease: 0,
  enableInterstitialPlayback: false,
  manifestLoadPolicy: {
    // A stream that is not live is asked for again by the player, which says so meanwhile.
    default: { maxTimeToFirstByteMs: 10_000, maxLoadTimeMs: 15_000, timeoutRetry: null, errorRetry: null },
  },
  playlistLoadPolicy: {
    // A publisher that went away may return for half a minute: the origin holds each request and then answers 503.
    default: {
      maxTimeToFirstByteMs: 10_000,
      maxLoadTimeMs: 15_000,
      timeoutRetry: { maxNumRetry: 5, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: 20, retryDelayMs: 250, maxRetryDelayMs: 1000, backoff: 'linear' },
    },
  },
  fragLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 5_000,
      maxLoadTimeMs: 15_000,
      timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 },
      errorRetry: { maxNumRetry: 3, retryDelayMs: 100, maxRetryDelayMs: 500 },
    },
  },
};

const recordingConfiguration: Partial<HlsConfig> = {
  ...configuration,
  lowLatencyMode: false,
  startPosition: 0,                 // also while it is being recorded
  maxBufferLength: 30,
  backBufferLength: 90,
};

export class Player {
  state: PlayerState = 'connecting';
  /** Called on each change of state; the text gives the reason where there is one. */
  onState: (state: PlayerState, reason: string) => void = () => undefined;
  /** Called when the browser allows no sound without a click. */
  onMuted: () => void = () => undefined;
  /** Called with the renditions, from the highest. */
  onRenditions: (renditions: Choice[]) => void = () => undefined;
  /** Called with the sounds to choose from, languages mostly, and the name of the one that is heard. */
  onSounds: (sounds: Choice[], heard: string) => void = () => undefined;

  private reason = '';
  private readonly controller = new LatencyController();
  private readonly liveEdge = new LiveEdge();
  private edge: number | null = null;   // seconds from the playhead to the live edge
  private readonly clock: ServerClock;
  private tickTimer: number | undefined;
  private hls: Hls | null = null;
  private retryTimer: number | undefined;
  private stalls = 0;
  private stalledMs = 0;
  private stalledAt: number | null = null;
  private playingSince: number | null = null;
  private snapUntil: number | null = null;
  private recoveries = 0;
  private wanted = true;           // the viewer wants to play, rather than paused
  private readonly choice = new RenditionChoice();
  private readonly entries = new EntryPoints((uri) => fetch(uri).then((response) => (response.ok ? response.text() : Promise.reject(new Error(`${response.status}`)))), () => performance.now() / 1000);
  private readonly intake = new DecoderIntake();
  private readonly refused = new Set<string>();      // names of renditions that the browser's decoder does not start with
  private forced: string | null = null;     // the rendition that the viewer chose
  private sound: string | null = null;      // the sound that the viewer chose
  private switchDueAt: number | null = null;
  private readonly unjoinable = new Set<number>();   // renditions in which a viewer who comes now would wait for a key frame
  private triedAt = 0;             // since when the rendition in use has been waited for in a stall
  private tried = 0;               // renditions left in this stall
  private lastLoaded: { frag: Fragment; part: Part | null } | null = null;
  /** Where in the media each rendition begins that was loaded, in order: the last that the playhead has passed is on the screen. */
  private readonly begins: { time: number; level: number }[] = [];
  private shown: number | null = null;
  private shownSince = 0;
  private switches = 0;
  private errors = 0;
  private lastError = '';
  private frames = { time: 0, total: 0, dropped: 0, rate: null as number | null };

  /** With the id of a recording it plays that one, from its beginning. The server is that of the page, unless another is named: `https://video.example`. */
  constructor(private readonly video: HTMLVideoElement, private readonly stream: string, private readonly recording: string | null = null, private readonly server = '') {
    this.clock = new ServerClock(server);
    for (const event of ['playing', 'waiting', 'pause', 'ended', 'seeked', 'ratechange'] as const) {
      video.addEventListener(event, () => this.onMedia(event));
    }
    video.addEventListener('error', () => this.onMediaError());
  }

  get source(): string {
    const stream = encodeURIComponent(this.stream);
    return this.recording === null ? `${this.server}/live/${stream}/playlist.m3u8` : `${this.server}/dvr/${stream}/${encodeURIComponent(this.recording)}/playlist.m3u8`;
  }

  start(): void {
    this.clock.start();
    this.tickTimer = setInterval(() => this.tick(), tickMs);
    this.connect();
  }

  /** Ends playback and every request, for good. */
  destroy(): void {
    clearInterval(this.tickTimer);
    clearTimeout(this.retryTimer);
    this.clock.stop();
    this.release();
    this.enter('paused', '');
  }

  /** Tries again at once. */
  connect(): void {
    clearTimeout(this.retryTimer);
    this.release();
    this.controller.reset();
    this.liveEdge.reset();
    if (Hls.isSupported()) {
      this.openHls();
    } else if (this.video.canPlayType('application/vnd.apple.mpegurl')) {
      this.video.src = this.source;
      void this.play();
    } else {
      this.enter('error', 'This browser plays no HLS: it has neither Media Source Extensions nor HLS of its own.');
    }
  }

  /** Plays: live from the live edge, a recording that came to its end from its beginning. */
  async play(): Promise<void> {
    this.wanted = true;
    if (this.recording !== null && this.state === 'ended') {
      this.seek(0);
    }
    this.goLive();
    try {
      await this.video.play();
    } catch (error) {
      if (!isNotAllowed(error) || this.video.muted) {
        return;   // a newer load took over, and plays by itself
      }
      this.video.muted = true;
      this.onMuted();
      await this.video.play().catch((refusal: unknown) => {
        if (isNotAllowed(refusal)) {
          this.enter('paused', '');
        }
      });
    }
  }

  pause(): void {
    this.wanted = false;
    this.video.pause();
  }

  /** Seconds of the recording so far; null until known. */
  get length(): number | null {
    return this.recording === null ? null : this.hls?.latestLevelDetails?.edge ?? null;
  }

  /** When what is on the screen was; null until known. */
  get shownDate(): Date | null {
    return this.hls?.playingDate ?? null;
  }

  /** Moves within a recording. */
  seek(seconds: number): void {
    this.video.currentTime = Math.min(Math.max(0, seconds), Math.max(0, (this.length ?? 0) - longestRemainder));
    if (this.state === 'ended') {
      void this.video.play();
    }
  }

  /** Moves the playhead to the target, where it is further off than a change of rate would mend. */
  goLive(): void {
    const error = this.error;
    if (error !== null && Math.abs(error) > 0.5) {
      this.controller.reset();
      this.video.currentTime += error;
    }
  }

  /** Plays the rendition of that name, or with null the one that fits best. */
  force(rendition: string | null): void {
    this.forced = rendition;
    const hls = this.hls;
    if (!hls) {
      return;
    }
    if (this.buffer > flushBeyond) {
      hls.nextLevel = this.chooseLevel(hls);
    } else {
      this.expectSwitch(hls);
    }
  }

  /** Plays the sound of that name. hls.js reads the list once: for a language that came later it starts again. */
  choose(sound: string): void {
    this.sound = sound;
    if (this.hls?.audioTracks.some(({ name }) => name === sound)) {
      this.showSounds(this.hls);
    } else {
      this.connect();
    }
  }

  get isLive(): boolean {
    return this.state === 'playing' && (this.error === null || this.error < behindLive);
  }

  get metrics(): Metrics {
    const quality = this.video.getVideoPlaybackQuality();
    const level = this.level;
    return {
      latency: this.latency,
      edge: this.edge,
      target: this.edge === null ? null : this.controller.target,
      buffer: this.buffer,
      stalls: this.stalls,
      stalledSeconds: (this.stalledMs + (this.stalledAt === null ? 0 : performance.now() - this.stalledAt)) / 1000,
      droppedFrames: quality.droppedVideoFrames,
      totalFrames: quality.totalVideoFrames,
      frameRate: this.frames.rate,
      rate: this.video.playbackRate,
      rendition: level ? nameOf(level) : '',
      resolution: this.video.videoWidth > 0 ? `${this.video.videoWidth} × ${this.video.videoHeight}` : '',
      switches: this.switches,
      errors: this.errors,
      lastError: this.lastError,
      codecs: [level?.videoCodec, level?.audioCodec].filter(Boolean).join(', '),
      bitrate: level?.bitrate ?? null,
      bandwidth: this.hls && this.hls.bandwidthEstimate > 0 ? this.hls.bandwidthEstimate : null,
      engine: Hls.isSupported() ? `hls.js ${Hls.version}` : 'native HLS',
    };
  }

  private openHls(): void {
    const hls = new Hls({ ...(this.recording === null ? configuration : recordingConfiguration), debug: new URLSearchParams(location.search).has('debug') });   // ?debug: hls.js tells the console
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => {
      this.removeDoubles(hls);
      this.removeRefused(hls);
      const { levels } = hls;
      this.choice.open(levels.map((level) => ({ name: nameOf(level), bitrate: level.maxBitrate })));
      this.onRenditions(levels.map((level) => ({ name: nameOf(level), label: labelOf(level) })).reverse());
      hls.loadLevel = this.chooseLevel(hls);
      if (this.wanted) {
        void this.play();
      }
    });
    hls.on(Hls.Events.AUDIO_TRACKS_UPDATED, () => this.showSounds(hls));
    hls.on(Hls.Events.AUDIO_TRACK_SWITCHED, () => this.showSounds(hls));
    hls.on(Hls.Events.LEVEL_LOADED, (_, { details, level }) => {
      if (details.live && this.lastLoaded === null && level === hls.loadLevel && readEntries(details.m3u8).age > entry.joinable) {
        this.joinAnother(hls, level);
      }
    });
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => {
      this.controller.holdBack = details.partHoldBack || details.holdBack || 3 * details.targetduration;
      this.switchAtEnd(hls);
    });
    hls.on(Hls.Events.MEDIA_ATTACHED, () => {
      if (this.wanted && hls.levels.length > 0) {
        void this.play();   // hls.js attached it again after an error, which pauses it
      }
    });
    hls.on(Hls.Events.FRAG_LOADED, (_, loaded) => this.onLoaded(hls, loaded));
    hls.on(Hls.Events.BUFFER_APPENDED, (_, { type, frag, part, timeRanges }) => {
      if (type === 'video' && part && timeRanges.video) {
        this.judge(hls, { level: frag.level, start: part.start, end: part.end, isIndependent: part.independent }, timeRanges.video);
      }
    });
    hls.on(Hls.Events.MEDIA_ENDED, () => this.finish());
    hls.on(Hls.Events.ERROR, (_, error) => this.onError(hls, error));
    hls.loadSource(this.source);
    hls.attachMedia(this.video);
  }

  /** The publisher's pictures may be listed with several codecs of sound, for players that lack one. Here each works, and one is enough: the smallest. */
  private removeDoubles(hls: Hls): void {
    for (let index = hls.levels.length - 1; index > 0; index--) {
      const name = nameOf(hls.levels[index]!);
      if (hls.levels.findIndex((level) => nameOf(level) === name) < index) {
        hls.removeLevel(index);
      }
    }
  }

  /** Each group of sounds has the same names; a new group, or a new start, begins with its default. */
  private showSounds(hls: Hls): void {
    const tracks = hls.audioTracks;
    const wanted = tracks.findIndex((track) => track.name === this.sound);
    if (wanted >= 0 && wanted !== hls.audioTrack) {
      hls.audioTrack = wanted;
    }
    this.onSounds(tracks.map(({ name }) => ({ name, label: name })), (tracks[hls.audioTrack] ?? tracks.find((track) => track.default))?.name ?? '');
  }

  /** Left in, hls.js would go there by itself when the others have a gap. One stays: hls.js is never without. */
  private removeRefused(hls: Hls): void {
    for (let index = hls.levels.length - 1; index >= 0; index--) {
      if (hls.levels.length > 1 && this.refused.has(nameOf(hls.levels[index]!))) {
        hls.removeLevel(index);
      }
    }
  }

  private release(): void {
    this.hls?.destroy();
    this.hls = null;
    this.edge = null;
    this.stalledAt = null;
    this.playingSince = null;
    this.switchDueAt = null;
    this.lastLoaded = null;
    this.unjoinable.clear();
    this.begins.length = 0;
    this.intake.reset();
    this.shown = null;
    this.frames = { time: 0, total: 0, dropped: 0, rate: null };
  }

  /** A part, or a whole segment, arrived: it tells of the link, and where it is the last of its segment another rendition may follow. */
  private onLoaded(hls: Hls, { frag, part }: FragLoadedData): void {
    if (frag.type !== 'main' || typeof frag.sn !== 'number') {
      return;
    }
    const { loading } = (part ?? frag).stats;
    this.choice.loaded({
      now: performance.now() / 1000,
      rendition: frag.level,
      wait: (loading.first - loading.start) / 1000,
      total: (loading.end - loading.start) / 1000,
      duration: (part ?? frag).duration,
    });
    this.lastLoaded = { frag, part };
    if (this.begins.at(-1)?.level !== frag.level) {
      this.begins.push({ time: (part ?? frag).start, level: frag.level });
      this.begins.splice(0, this.begins.length - mostBegins);
    }
    this.expectSwitch(hls);
  }

  /** Another rendition is wanted, or not any more. */
  private expectSwitch(hls: Hls): void {
    if (hls.levels.length === 0 || this.chooseLevel(hls) === hls.loadLevel) {
      this.switchDueAt = null;
      return;
    }
    this.switchDueAt ??= performance.now() + longestWaitMs;
    this.switchAtEnd(hls);
  }

  /**
   * All renditions are cut at the same places, and each segment starts with a key frame. So the switch is made where the last part of a
   * segment is loaded and none of the next: nothing is loaded twice, and nothing that is buffered is replaced under the playhead. A
   * rendition whose key frames come seldom is changed to when it has one.
   */
  private switchAtEnd(hls: Hls): void {
    if (this.switchDueAt === null) {
      return;
    }
    const wanted = this.chooseLevel(hls);
    const uri = hls.levels[wanted]?.uri;
    const isEasy = this.recording !== null || uri === undefined ? true : this.entries.isEasy(uri);
    const isLate = performance.now() > this.switchDueAt;     // also where a slow network has not told yet: then it is time to leave
    const isTime = isEasy === false ? this.entries.isFresh(uri!) : isLate || (isEasy === true && this.isSegmentLoaded(hls));
    if (isTime) {
      this.switchDueAt = null;
      hls.loadLevel = wanted;
    }
  }

  private isSegmentLoaded(hls: Hls): boolean {
    const { frag, part } = this.lastLoaded ?? {};
    if (!frag || !part) {
      return true;
    }
    const details = hls.levels[frag.level]?.details;
    const isComplete = details?.fragments.some((segment) => segment.sn === frag.sn) ?? true;
    const hasMore = details?.partList?.some((other) => other.fragment.sn === frag.sn && other.index > part.index) ?? false;
    return isComplete && !hasMore;
  }

  private chooseLevel(hls: Hls): number {
    const forced = this.forced === null ? -1 : hls.levels.findIndex((level) => nameOf(level) === this.forced);
    return forced >= 0 ? forced : this.choice.choose(performance.now() / 1000);
  }

  /** The rendition in use does not work: another one, if the choice is ours. */
  private leave(hls: Hls, level: number): void {
    this.choice.failed(level, performance.now() / 1000);
    if (this.forced === null && hls.levels.length > 1 && this.chooseLevel(hls) !== hls.loadLevel) {
      this.switchDueAt = null;
      hls.loadLevel = this.chooseLevel(hls);
    }
  }

  /** Decoding could not start before the next key frame, which is seconds away: the player starts with another rendition, and changes then. */
  private joinAnother(hls: Hls, level: number): void {
    this.unjoinable.add(level);
    const other = hls.levels.findLastIndex((_, index) => !this.unjoinable.has(index));
    if (this.forced === null && other >= 0) {
      hls.loadLevel = other;
    }
  }

  /** A piece of video was appended: a rendition of which the browser keeps nothing is refused. */
  private judge(hls: Hls, appended: Appended, buffered: TimeRanges): void {
    const ranges = Array.from({ length: buffered.length }, (_, i) => ({ start: buffered.start(i), end: buffered.end(i) }));
    if (hls === this.hls && this.intake.isRefused(appended, ranges)) {
      this.refuse(hls, appended.level);
    }
  }

  /**
   * The media element gave up. hls.js would attach it again, and go on with the same rendition: it tells of that as of an error that it
   * mends by itself.
   */
  private onMediaError(): void {
    const { hls } = this;
    if (!hls) {
      this.retryLater('waiting', 'The stream cannot be played now.');
      return;
    }
    if (this.video.error?.code !== MediaError.MEDIA_ERR_DECODE) {
      return;
    }
    const shown = this.shown === null ? null : { level: this.shown, seconds: (performance.now() - this.shownSince) / 1000 };
    const failure = blame(this.begins, this.video.currentTime, shown);
    if (failure?.isRefused) {
      this.refuse(hls, failure.level);
    } else if (failure && hls.levels.length > 1 && this.recording === null) {
      this.errors++;
      this.lastError = 'mediaDecodeError';
      this.choice.failed(failure.level, performance.now() / 1000);
      this.startAgain();
    }   // else hls.js tries again
  }

  /** The browser cannot start to decode a rendition: the player starts again with another, or waits until there is one. */
  private refuse(hls: Hls, level: number): void {
    const refused = hls.levels[level];
    if (!refused) {
      return;
    }
    this.errors++;
    this.lastError = 'renditionRefused';
    this.refused.add(nameOf(refused));
    if (hls.levels.length > 1) {
      this.startAgain();
    } else {
      this.refused.clear();   // another may come up yet, and what failed may have been an accident
      this.retryLater('connecting', 'This browser cannot start in the middle of this stream. It starts by itself if a rendition comes that it can start with.');
    }
  }

  private onError(hls: Hls, error: ErrorData): void {
    if (hls !== this.hls || error.details === Hls.ErrorDetails.INTERNAL_ABORTED) {
      return;   // the latter is a load that a switch made needless
    }
    this.errors++;
    this.lastError = error.details;
    const level = error.frag?.type === 'main' ? error.frag.level : error.level;
    if (!error.fatal && error.type === Hls.ErrorTypes.NETWORK_ERROR && level !== undefined && level === hls.loadLevel) {
      this.leave(hls, level);
    }
    if (!error.fatal) {
      return;
    }
    const status = error.response?.code;
    if (error.type === Hls.ErrorTypes.MEDIA_ERROR && error.details !== Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR && this.recoveries < mediaRecoveries) {
      this.recoveries++;
      if (this.recoveries === 1) {
        hls.recoverMediaError();
      } else {
        this.retryLater('connecting', '');
      }
    } else if (error.type === Hls.ErrorTypes.NETWORK_ERROR) {
      if (status === 404 && this.recording !== null) {
        this.release();
        this.enter('error', 'There is no such recording, or not any more.');
      } else if (status === 404) {
        this.refused.clear();
        this.retryLater('waiting', 'Nobody publishes this stream now. It starts here by itself as soon as somebody does.');
      } else {
        this.retryLater('connecting', status ? `The server answers ${status}.` : 'The server does not answer.');
      }
    } else {
      const { codecs } = this.metrics;
      this.release();
      this.enter('error', reasonOf(error, codecs));
    }
  }

  private startAgain(): void {
    this.enter('connecting', '');
    this.connect();
  }

  private retryLater(state: PlayerState, reason: string): void {
    this.release();
    this.enter(state, reason);
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), retryMs);
  }

  /** The stream is over: show it, and watch for its return. A recording's end is the end. */
  private finish(): void {
    if (this.state === 'ended') {
      return;
    }
    this.resume(performance.now());
    this.refused.clear();
    this.enter('ended', '');
    if (this.recording !== null) {
      this.video.pause();
      return;
    }
    const look = async () => {
      const found = await findStream(this.stream, this.server).catch(() => null);
      if (this.state !== 'ended') {
        return;
      }
      if (found && (isLive(found) || found.status === 'connecting')) {
        this.enter('connecting', '');
        this.connect();
      } else {
        this.retryTimer = setTimeout(() => void look(), retryMs);
      }
    };
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => void look(), retryMs);
  }

  private onMedia(event: 'playing' | 'waiting' | 'pause' | 'ended' | 'seeked' | 'ratechange'): void {
    const now = performance.now();
    switch (event) {
      case 'playing':
        this.resume(now);
        if (this.playingSince === null) {
          this.playingSince = now;
          this.snapUntil = now + snapMs;
        }
        this.enter('playing', '');
        break;
      case 'waiting':
        // The first one is the start, one while seeking belongs to the seek: neither is a stall.
        if (this.isAtEnd) {
          this.finish();
        } else if (this.playingSince !== null && this.stalledAt === null && !this.video.seeking && !this.video.paused && this.state !== 'ended') {
          this.stalls++;
          this.stalledAt = now;
          this.triedAt = now;
          this.tried = 0;
        }
        break;
      case 'pause':
        if (!this.video.ended && !this.wanted) {
          this.enter('paused', '');
        }
        break;
      case 'ended':
        this.finish();
        break;
      default:
        break;
    }
  }

  private resume(now: number): void {
    if (this.stalledAt === null) {
      return;
    }
    const lasted = now - this.stalledAt;
    this.stalledMs += lasted;
    this.stalledAt = null;
    if (this.tried > 1) {
      this.choice.forgive();
    }
    this.controller.stalled(lasted / 1000);
    if (lasted > breakMs) {
      this.snapUntil = now + snapMs;   // the viewer saw a break already: come back at the target
    }
  }

  private tick(): void {
    const now = performance.now();
    this.edge = this.measureEdge(now);
    this.followShown();
    if (this.stalledAt !== null && this.isAtEnd) {
      this.finish();   // the playlist was closed after playback ran dry
      return;
    }
    if (this.stalledAt !== null && this.hls && now - this.triedAt > patienceMs * (1 + this.tried)) {
      this.triedAt = now;
      this.tried++;
      this.leave(this.hls, this.hls.loadLevel);
    }
    if (this.stalledAt !== null && this.state === 'playing' && now - this.stalledAt > stallShownAfterMs) {
      this.enter('stalled', 'Playback goes on as soon as pictures arrive.');
    }
    if (this.playingSince !== null && now - this.playingSince > steadySeconds * 1000 && this.stalledAt === null) {
      this.recoveries = 0;
    }
    if (this.state !== 'playing' || this.stalledAt !== null || this.video.paused || this.video.seeking) {
      return;
    }
    if (this.edge === null || this.snap(now)) {
      return;
    }
    this.measureFrames(now);
    const { rate, seek } = this.controller.observe({ now: now / 1000, latency: this.edge, buffer: this.buffer });
    if (this.video.playbackRate !== rate) {
      this.video.playbackRate = rate;
    }
    if (seek !== 0) {
      this.video.currentTime += seek;
    }
  }

  private followShown(): void {
    const begin = this.begins.findLast(({ time }) => time <= this.video.currentTime) ?? this.begins[0];
    if (!begin || this.video.readyState < 2 || begin.level === this.shown) {
      return;
    }
    this.switches += this.shown === null ? 0 : 1;
    this.shown = begin.level;
    this.shownSince = performance.now();
  }

  private measureFrames(now: number): void {
    const elapsed = now - this.frames.time;
    if (elapsed < frameRateMs) {
      return;
    }
    const { totalVideoFrames: total, droppedVideoFrames: dropped } = this.video.getVideoPlaybackQuality();
    const decoded = total - this.frames.total;
    const lost = dropped - this.frames.dropped;
    const isSteady = this.frames.time > 0 && elapsed < 2 * frameRateMs && decoded >= 0;
    this.frames = { time: now, total, dropped, rate: isSteady ? Math.max(0, (decoded - lost) * 1000 / elapsed) : null };
    if (this.hls && this.shown && isSteady && total > fewestFrames && lost > struggling * decoded) {
      this.leave(this.hls, this.shown);
    }
  }

  /**
   * hls.js starts at a random access point, up to a GOP before the target: one seek within what is buffered mends that at the start. It
   * waits until all of the way is buffered, and takes what there is when its time is over. Not while another rendition is on its way: its
   * sound may be another as well, and is not buffered yet.
   */
  private snap(now: number): boolean {
    if (this.snapUntil === null || this.error === null || this.switchDueAt !== null || this.shown !== this.hls?.loadLevel) {
      return false;
    }
    const step = Math.min(this.error, this.buffer - this.controller.target);
    const isLate = now > this.snapUntil;
    const isDue = step >= leastSnap && (isLate || step > this.error - leastSnap);
    if (isDue || isLate) {
      this.snapUntil = null;
    }
    if (isDue) {
      this.video.currentTime += step;
    }
    return isDue;
  }

  /** Tells the state again: what surrounds it changed. */
  tellState(): void {
    this.onState(this.state, this.reason);
  }

  private enter(state: PlayerState, reason: string): void {
    this.state = state;
    this.reason = reason;
    this.onState(state, reason);
  }

  /** What is on the screen. hls.js tells it by fragments, and takes one for the other where renditions meet. */
  private get level(): Level | null {
    return this.hls?.levels[this.shown ?? -1] ?? null;
  }

  /** Seconds by which playback is behind the target; null when that means nothing. */
  private get error(): number | null {
    const edge = this.edge;
    return edge === null ? null : edge - this.controller.target;
  }

  /**
   * Whether what is left of a closed playlist cannot be played: where the last video part is longer than the audio, hls.js waits for
   * the two to end together, and never says that the stream is over.
   */
  private get isAtEnd(): boolean {
    const details = this.hls?.latestLevelDetails;
    return details?.live === false && details.edge - this.video.currentTime < longestRemainder;
  }

  private measureEdge(now: number): number | null {
    const details = this.hls?.latestLevelDetails;
    if (this.recording !== null || !details?.live || details.edge === 0 || this.video.readyState === 0) {
      return null;
    }
    // Not hls.latency: after a seek that is the old playhead's until the next timeupdate, and one such sample counts for all of the window.
    return this.liveEdge.distance(now / 1000, details.edge + details.age - this.video.currentTime, this.latency);
  }

  private get latency(): number | null {
    if (this.recording !== null) {
      return null;
    }
    let shown: number | null = this.hls?.playingDate?.getTime() ?? null;
    if (!this.hls && 'getStartDate' in this.video) {
      const start = (this.video as { getStartDate(): Date }).getStartDate().getTime();
      shown = Number.isNaN(start) ? null : start + this.video.currentTime * 1000;
    }
    return shown === null || this.video.readyState < 2 ? null : (this.clock.now() - shown) / 1000;
  }

  private get buffer(): number {
    const { buffered, currentTime } = this.video;
    for (let i = 0; i < buffered.length; i++) {
      if (currentTime >= buffered.start(i) - 0.1 && currentTime <= buffered.end(i)) {
        return buffered.end(i) - currentTime;
      }
    }
    return 0;
  }
}

/** The rendition's name, which stands in its playlist's address: …/360p/playlist.m3u8. */
function nameOf(level: Level): string {
  return level.uri.split('?')[0]?.split('/').at(-2) ?? level.name;
}

function isNotAllowed(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotAllowedError';
}

/** "Source · 1080p50", "360p". */
function labelOf(level: Level): string {
  const name = nameOf(level);
  const size = level.height ? `${level.height}p${level.frameRate > 31 ? Math.round(level.frameRate) : ''}` : `${Math.round(level.bitrate / 1000)} kbit/s`;
  return name === 'source' ? `Source · ${size}` : name.startsWith(size) ? name : `${name} · ${size}`;
}

function reasonOf(error: ErrorData, codecs: string): string {
  if (error.details === Hls.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR) {
    // hls.js names them in its reason, as a list in JSON.
    return undecodable([...(error.reason ?? '').matchAll(/"([^"]+)"/g)].map(([, listed]) => listed).join(','));
  }
  if (error.type === Hls.ErrorTypes.MEDIA_ERROR) {
    return `${undecodable(codecs)} (${error.details})`;
  }
  return `Playback failed: ${error.error?.message || error.reason || error.details}.`;
}
