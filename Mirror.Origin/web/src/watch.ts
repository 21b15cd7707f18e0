// The player page: what surrounds the player, its controls and figures.
import { findStream, pictureOf } from './api';
import { Chart } from './chart';
import { element, setText } from './dom';
import { bitrate, codecName, duration, frameRate, position } from './format';
import { Player, type Metrics, type PlayerState } from './player';
import { reasonOfStream } from './reason';

const figuresMs = 250;
const chartMs = 500;
const noticeMs = 2000;
const hideControlsAfterMs = 3000;
const volumeStep = 0.05;
const posterWidth = 1280;
const posterMs = 1000;
const seekStep = 10;         // seconds

const stream = decodeURIComponent(location.pathname.split('/')[2] ?? '');
const recording = new URLSearchParams(location.search).get('recording');   // its id; null plays live
const video = element<HTMLVideoElement>('video');
const frame = element('player');
const cover = element('cover');
const retry = element<HTMLButtonElement>('retry');
const unmute = element<HTMLButtonElement>('unmute');
const mute = element<HTMLButtonElement>('mute');
const volume = element<HTMLInputElement>('volume');
const playButton = element<HTMLButtonElement>('play');
const live = element<HTMLButtonElement>('live');
const quality = element<HTMLSelectElement>('quality');
const sound = element<HTMLSelectElement>('sound');
const figures = element('figures');
const figuresButton = element<HTMLButtonElement>('stats');
const badge = element('badge');
const seek = element<HTMLInputElement>('seek');
const player = new Player(video, stream, recording);
const chart = new Chart(element<HTMLCanvasElement>('chart'));

declare global {
  interface Window {
    /** What tests and consoles may read: the metrics, and the player's state. */
    mirrorPlayer: Metrics & { version: string; stream: string; state: PlayerState };
  }
}

window.mirrorPlayer = new Proxy({} as Window['mirrorPlayer'], {
  get: (_, name) => ({ version: '1', stream, state: player.state, ...player.metrics })[name as keyof Window['mirrorPlayer']],
});

const titles: Record<PlayerState, string> = {
  connecting: 'Connecting…',
  waiting: 'Not live',
  playing: '',
  paused: '',
  stalled: 'Waiting for the stream',
  ended: recording === null ? 'The stream has ended' : 'The recording has ended',
  error: 'Playback is not possible',
};

/** The newest picture of the stream, until the player has one: only where the server can make it. */
function showPoster(): void {
  const picture = new Image();
  picture.onload = () => video.poster = picture.src;
  picture.src = pictureOf(stream, posterWidth, posterMs);
}

let trouble = '';   // what the server says is wrong with the stream

/** Over the picture while it plays; otherwise the cover says it. */
function showNotice(): void {
  const notice = element('notice');
  setText(notice, trouble);
  notice.hidden = trouble === '' || !cover.hidden;
}

async function refreshNotice(): Promise<void> {
  const found = document.hidden ? null : await findStream(stream).catch(() => null);
  const before = trouble;
  trouble = found ? reasonOfStream(found, Date.now()) : '';
  offerLanguages(found?.languages ?? []);
  if (trouble !== before) {
    player.tellState();
  }
}

player.onState = (state, reason) => {
  frame.dataset['state'] = state;
  badge.dataset['state'] = state === 'playing' && recording === null ? 'active' : state;
  setText(badge, recording !== null ? 'recorded' : state === 'playing' ? 'live' : state === 'waiting' ? 'not live' : state);
  cover.hidden = state === 'playing' || state === 'paused';
  setText(element('cover-title'), state === 'waiting' ? `“${stream}” is not live` : titles[state]);
  setText(element('cover-text'), state === 'ended' && recording === null ? 'It starts here again by itself if the publisher returns.' : [reason, trouble].filter(Boolean).join(' '));
  showNotice();
  const canRepeat = state === 'ended' && recording !== null;
  retry.hidden = state !== 'error' && !canRepeat;
  setText(retry, canRepeat ? 'Play again' : 'Try again');
  playButton.setAttribute('aria-label', state === 'paused' ? 'Play' : 'Pause');
};

player.onMuted = () => {
  unmute.hidden = false;
  showVolume();
};

let listed = Infinity;   // sounds that the player knows
let forced = '';   // the rendition that the viewer chose; empty is Auto

player.onRenditions = (renditions) => {
  if (!renditions.some(({ name }) => name === forced)) {
    forced = '';
    player.force(null);
  }
  const auto = renditions.length > 1 ? [new Option('Auto', '')] : [];
  quality.replaceChildren(...auto, ...renditions.map(({ name, label }) => new Option(label, name)));
  quality.value = renditions.length > 1 ? forced : (renditions[0]?.name ?? '');
  quality.disabled = renditions.length < 2;
  quality.hidden = renditions.length === 0;
  if (video.readyState === 0 && recording === null) {
    showPoster();
  }
};

const languageNames = new Intl.DisplayNames(['en'], { type: 'language' });

/** Adds languages that came after the player read the list. */
function offerLanguages(tags: string[]): void {
  if (tags.length <= listed) {
    return;
  }
  const names = [...sound.options].map(({ value }) => value);
  for (const name of tags.map((tag) => languageNames.of(tag) ?? tag)) {
    if (!names.includes(name)) {
      sound.add(new Option(name, name));
    }
  }
  sound.hidden = sound.length < 2;
}

player.onSounds = (sounds, heard) => {
  listed = sounds.length;
  sound.replaceChildren(...sounds.map(({ name, label }) => new Option(label, name)));
  sound.value = heard;
  sound.hidden = sounds.length < 2;
};

/** "Auto · 360p": what plays now. */
function showChoice(rendition: string): void {
  const auto = quality.options[0];
  if (auto?.value === '') {
    setText(auto, forced === '' && rendition ? `Auto · ${rendition}` : 'Auto');
  }
}

// Sound

const remembered = Number.parseFloat(localStorage.getItem('volume') ?? '1');
video.volume = Number.isFinite(remembered) ? Math.min(1, Math.max(0, remembered)) : 1;

function showVolume(): void {
  const silent = video.muted || video.volume === 0;
  frame.classList.toggle('muted', silent);
  mute.setAttribute('aria-pressed', String(silent));
  mute.setAttribute('aria-label', silent ? 'Unmute' : 'Mute');
  volume.value = String(video.muted ? 0 : video.volume);
  if (!silent) {
    unmute.hidden = true;
  }
}

function setVolume(level: number): void {
  video.volume = Math.min(1, Math.max(0, level));
  video.muted = video.volume === 0;
  localStorage.setItem('volume', String(video.volume || 1));
}

function toggleMute(): void {
  video.muted = !video.muted;
  if (!video.muted && video.volume === 0) {
    video.volume = 1;
  }
}

// Actions

function togglePlay(): void {
  if (video.paused) {
    void player.play();
  } else {
    player.pause();
  }
}

function toggleFigures(): void {
  const shown = document.body.classList.toggle('no-figures');
  figuresButton.setAttribute('aria-pressed', String(!shown));
}

function toggleFullscreen(): void {
  if (document.fullscreenElement) {
    void document.exitFullscreen();
  } else if (frame.requestFullscreen) {
    void frame.requestFullscreen();
  } else {
    (video as { webkitEnterFullscreen?: () => void }).webkitEnterFullscreen?.();   // iPhone: only the video itself
  }
}

const keys: Record<string, () => void> = {
  k: togglePlay,
  ' ': togglePlay,
  m: toggleMute,
  f: toggleFullscreen,
  l: () => void player.play(),
  s: toggleFigures,
  ArrowUp: () => setVolume(video.volume + volumeStep),
  ArrowDown: () => setVolume(video.volume - volumeStep),
  ...(recording === null ? {} : { ArrowLeft: () => player.seek(video.currentTime - seekStep), ArrowRight: () => player.seek(video.currentTime + seekStep) }),
};

document.addEventListener('keydown', (event) => {
  const inControl = event.target instanceof HTMLElement && event.target.closest('button, select, input, a');
  const action = keys[event.key];
  if (action && !event.ctrlKey && !event.metaKey && !event.altKey && (!inControl || event.key.length === 1 && event.key !== ' ')) {
    event.preventDefault();
    action();
  }
});

playButton.addEventListener('click', togglePlay);
video.addEventListener('click', togglePlay);
video.addEventListener('dblclick', toggleFullscreen);
video.addEventListener('volumechange', showVolume);
mute.addEventListener('click', toggleMute);
unmute.addEventListener('click', () => setVolume(video.volume || 1));
volume.addEventListener('input', () => setVolume(Number(volume.value)));
live.addEventListener('click', () => void player.play());
retry.addEventListener('click', () => player.state === 'ended' ? void player.play() : player.connect());
seek.addEventListener('input', () => player.seek(Number(seek.value)));
figuresButton.addEventListener('click', toggleFigures);
element('fullscreen').addEventListener('click', toggleFullscreen);
sound.addEventListener('change', () => player.choose(sound.value));

quality.addEventListener('change', () => {
  forced = quality.value;
  player.force(forced || null);
});

// The controls leave the picture alone while nothing moves.
let hideTimer: number | undefined;
function showControls(): void {
  frame.classList.remove('idle');
  clearTimeout(hideTimer);
  hideTimer = setTimeout(() => frame.classList.add('idle'), hideControlsAfterMs);
}
for (const event of ['pointermove', 'pointerdown', 'focusin'] as const) {
  frame.addEventListener(event, showControls);
}
frame.addEventListener('pointerleave', () => frame.classList.add('idle'));

// Figures

function milliseconds(seconds: number | null): string {
  return seconds === null ? '–' : String(Math.round(seconds * 1000));
}

function output(id: string, text: string): void {
  setText(element(id), text);
}

function showFigures(): void {
  const now = player.metrics;
  output('f-latency', milliseconds(now.latency));
  output('f-buffer', player.state === 'playing' ? milliseconds(now.buffer) : '–');
  output('f-stalls', String(now.stalls));
  output('f-edge', now.edge === null ? '–' : `${milliseconds(now.edge)} ms`);
  output('f-target', now.target === null ? '–' : `${milliseconds(now.target)} ms`);
  output('f-rate', `${now.rate.toFixed(2)}×`);
  output('f-stalled', now.stalledSeconds < 60 ? `${now.stalledSeconds.toFixed(1)} s` : duration(now.stalledSeconds));
  output('f-frames', now.frameRate === null ? '–' : frameRate(now.frameRate));
  output('f-dropped', `${now.droppedFrames} of ${now.totalFrames}`);
  output('f-rendition', now.rendition || '–');
  output('f-resolution', now.resolution || '–');
  showChoice(now.rendition);
  output('f-codecs', now.codecs ? now.codecs.split(', ').map(codecName).join(' + ') : '–');
  output('f-bitrate', now.bitrate === null ? '–' : bitrate(now.bitrate));
  output('f-bandwidth', now.bandwidth === null ? '–' : bitrate(now.bandwidth));
  output('f-player', now.engine);
  if (recording === null) {
    output('latency', now.latency === null ? '' : `${now.latency.toFixed(2)} s`);
  } else {
    showPlace();
  }
  live.classList.toggle('on', player.isLive);
}

function showPlace(): void {
  const { length, shownDate } = player;
  seek.max = String(length ?? 1);
  if (document.activeElement !== seek || video.paused) {
    seek.value = String(video.currentTime);
  }
  output('latency', length === null ? '' : `${position(video.currentTime)} / ${position(length)}`);
  element('latency').title = shownDate?.toLocaleString() ?? '';
}

let stallsShown = 0;
function addToChart(): void {
  const { latency, buffer, target, stalls } = player.metrics;
  const playing = player.state === 'playing';
  chart.add({ time: performance.now() / 1000, latency: playing ? latency : null, buffer: playing ? buffer : null, target: playing ? target : null, stalled: stalls > stallsShown });
  stallsShown = stalls;
  if (!document.hidden && !document.body.classList.contains('no-figures')) {
    chart.draw();
  }
}

document.title = `${stream} · Mirror`;
setText(element('title'), stream);
if (matchMedia('(max-width: 900px)').matches) {
  figures.classList.add('below');
}
if (recording !== null) {
  frame.dataset['kind'] = 'recording';
  seek.hidden = false;
}
showVolume();
showControls();
setInterval(showFigures, figuresMs);
setInterval(addToChart, chartMs);
if (recording === null) {
  setInterval(() => void refreshNotice(), noticeMs);
}
player.onState('connecting', '');
player.start();
