// The start page: what is live now, what was recorded, and how to add to it.
import { capabilities, isLive, listStreams, pictureOf, srtPort, type Capabilities, type StreamInfo, type Transcode } from './api';
import { element, setText } from './dom';
import { bitrate, codecName, duration, frameRate } from './format';
import { reasonOfStream } from './reason';
import { refreshRecordings } from './recordings';

const refreshMs = 2000;
const pictureMs = 4000;
const pictureWidth = 480;
const capabilitiesMs = 5000;
const recordingsMs = 5000;
const cards = new Map<string, Card>();
const list = element<HTMLUListElement>('streams');
const trouble = element('trouble');
const push = element('push');
const showPush = element<HTMLButtonElement>('show-push');
const name = element<HTMLInputElement>('push-name');
let port = 30000;
let pushWanted = false;
let canPicture = false;   // the server has a transcoder, which makes pictures

/** Cards in sight, whose pictures are worth their bytes. */
const inSight = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    cards.get((target as HTMLElement).dataset['stream'] ?? '')?.setInSight(isIntersecting);
  }
}, { rootMargin: '120px' });

/** One stream on the page. */
class Card {
  readonly item = document.createElement('li');
  private readonly link = document.createElement('a');
  private readonly status = document.createElement('span');
  private readonly tag = document.createElement('span');
  private readonly facts: Record<string, HTMLElement> = {};
  private readonly picture = document.createElement('img');
  private readonly ladder = document.createElement('div');
  private readonly reason = document.createElement('p');
  private isInSight = false;

  constructor(private readonly id: string) {
    this.item.className = 'card';
    this.item.dataset['stream'] = id;
    this.link.href = `/watch/${encodeURIComponent(id)}`;
    const stage = document.createElement('div');
    stage.className = 'stage';
    stage.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>';
    this.status.className = 'badge';
    this.tag.className = 'tag';
    this.picture.alt = '';
    this.picture.hidden = true;
    this.ladder.className = 'ladder';
    this.reason.className = 'reason';
    this.reason.hidden = true;
    stage.prepend(this.picture);
    stage.append(this.status, this.tag);
    const title = document.createElement('h2');
    title.textContent = id;
    const facts = document.createElement('dl');
    for (const [key, label] of [['format', 'Picture'], ['rate', 'Rate'], ['uptime', 'Up'], ['source', 'From']] as const) {
      const row = document.createElement('div');
      const term = document.createElement('dt');
      term.textContent = label;
      const value = document.createElement('dd');
      row.append(term, value);
      facts.append(row);
      this.facts[key] = value;
    }
    this.link.append(stage, title, this.reason, this.ladder, facts);
    this.item.append(this.link);
  }

  setInSight(isInSight: boolean): void {
    this.isInSight = isInSight;
    this.refreshPicture();
  }

  /** Loads the newest picture aside, and shows it when it is there; without one the card stays as it was. */
  refreshPicture(): void {
    if (!canPicture || !this.isInSight || document.hidden) {
      return;
    }
    const next = new Image();
    next.onload = () => {
      this.picture.src = next.src;
      this.picture.hidden = false;
    };
    next.onerror = () => this.picture.hidden = true;
    next.src = pictureOf(this.id, pictureWidth, pictureMs);
  }

  update(stream: StreamInfo, now: number): void {
    this.status.dataset['state'] = stream.status;
    setText(this.status, stream.status === 'active' ? 'live' : stream.status);
    const format = [stream.resolution?.replace('x', ' × '), stream.video_codec && codecName(stream.video_codec), stream.audio_codec && codecName(stream.audio_codec), stream.frame_rate > 0 && frameRate(stream.frame_rate)];
    this.set('format', format.filter(Boolean).join(' · ') || 'waiting for the first picture');
    this.status.title = stream.status_reason ?? '';
    const reason = reasonOfStream(stream, now);
    setText(this.reason, reason);
    this.reason.hidden = reason === '';
    this.showLadder(stream.transcode);
    const height = stream.resolution?.split('x')[1];
    setText(this.tag, height ? `${height}p` : '');
    this.tag.hidden = !height;
    this.set('rate', bitrate(stream.bitrate));
    this.set('uptime', duration((now - Date.parse(stream.created_at)) / 1000));
    this.set('source', `${stream.source_addr} (${stream.type.toUpperCase()})`);
  }

  /** A chip for each encoded rendition; one that is not being made is struck out. */
  private showLadder(transcode: Transcode | null | undefined): void {
    const shown = JSON.stringify(transcode?.renditions ?? []);
    if (this.ladder.dataset['shown'] === shown) {
      return;
    }
    this.ladder.dataset['shown'] = shown;
    this.ladder.replaceChildren(...(transcode?.renditions ?? []).map((rendition) => {
      const chip = document.createElement('span');
      chip.className = rendition.up ? 'chip' : 'chip down';
      chip.textContent = rendition.name;
      chip.title = `${codecName(rendition.codec)} · ${rendition.resolution.replace('x', ' × ')} · ${bitrate(rendition.bitrate)}${rendition.up ? '' : ' · not being made'}`;
      return chip;
    }));
  }

  private set(key: string, text: string): void {
    const fact = this.facts[key];
    if (fact) {
      setText(fact, text);
    }
  }
}

async function refresh(): Promise<void> {
  try {
    const answer = await listStreams();
    trouble.hidden = true;
    show(answer.streams, Date.parse(answer.time));
  } catch {
    trouble.hidden = false;
    setText(trouble, 'Mirror does not answer. Trying again.');
  }
}

function show(streams: StreamInfo[], now: number): void {
  const present = new Set(streams.map((stream) => stream.id));
  for (const [id, card] of cards) {
    if (!present.has(id)) {
      inSight.unobserve(card.item);
      card.item.remove();
      cards.delete(id);
    }
  }
  for (const [place, stream] of streams.entries()) {
    let card = cards.get(stream.id);
    if (!card) {
      card = new Card(stream.id);
      cards.set(stream.id, card);
      inSight.observe(card.item);
    }
    card.update(stream, now);
    if (list.children[place] !== card.item) {
      list.insertBefore(card.item, list.children[place] ?? null);
    }
  }
  const live = streams.filter(isLive).length;
  const total = streams.reduce((sum, stream) => sum + stream.bitrate, 0);
  setText(element('summary'), streams.length === 0 ? 'no streams' : `${live} live · ${bitrate(total)} in`);
  const empty = streams.length === 0;
  list.hidden = empty;
  showPush.hidden = empty;
  push.hidden = !(empty || pushWanted);
  setText(element('push-title'), empty ? 'Nothing is live. Push the first stream' : 'Push a stream');
}

function showTranscoder(found: Capabilities | null): void {
  const card = element('transcoder');
  card.hidden = found === null;
  const couldPicture = canPicture;
  canPicture = found?.is_available ?? false;
  if (canPicture && !couldPicture) {
    void refreshPictures();   // at once, not with the next period
  }
  if (found === null) {
    return;
  }
  const gpus = found.gpus.filter((gpu) => !gpu.reason);
  const used = Math.round(found.cores_in_use * 10) / 10;
  setText(element('t-device'), !found.is_available ? 'not available' : gpus.length > 0 ? `CPU and ${gpus.length === 1 ? 'a GPU' : `${gpus.length} GPUs`}` : 'CPU');
  setText(element('t-load'), found.is_available ? `${used} of ${found.cores} cores · ${found.streams} ${found.streams === 1 ? 'stream' : 'streams'}` : '–');
  setText(element('t-encoders'), [...found.encoders, ...gpus.flatMap((gpu) => gpu.encoders)].join(', ') || '–');
  setText(element('t-gpus'), found.gpus.map((gpu) => `GPU ${gpu.index}: ${gpu.reason ?? `${gpu.sessions_in_use} sessions`}`).join(' · ') || 'none');
  setText(element('t-version'), found.libavcodec_version ? `libavcodec ${found.libavcodec_version}` : '–');
  setText(element('t-reason'), found.reason ?? '');
  element('t-reason').hidden = !found.reason;
  const meter = element<HTMLMeterElement>('t-meter');
  meter.max = Math.max(1, found.cores);
  meter.high = meter.max * 0.85;
  meter.value = found.cores_in_use;
}

function showCommands(): void {
  const stream = name.validity.valid && name.value ? name.value : 'NAME';
  const url = `srt://${location.hostname}:${port}?streamid=${stream}`;
  setText(element('push-ffmpeg'),
    `ffmpeg -re -i video.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 15 \\\n  -c:a aac -f mpegts '${url}&pkt_size=1316'`);
  setText(element('push-url'), url);
}

async function copy(button: HTMLButtonElement): Promise<void> {
  const source = element(button.dataset['copy'] ?? '');
  try {
    await navigator.clipboard.writeText(source.textContent ?? '');
    setText(button, 'Copied');
  } catch {
    // Without a secure context there is no clipboard: select the text, so that one key copies it.
    getSelection()?.selectAllChildren(source);
    setText(button, 'Selected');
  }
  setTimeout(() => setText(button, 'Copy'), 1500);
}

/** Does something now and in every period, while the page is seen. */
async function keepFresh(refreshOnce: () => Promise<void>, periodMs: number): Promise<void> {
  for (;;) {
    if (!document.hidden) {
      await refreshOnce();
    }
    await new Promise((resolve) => setTimeout(resolve, periodMs));
  }
}

async function refreshPictures(): Promise<void> {
  for (const card of cards.values()) {
    card.refreshPicture();
  }
  return Promise.resolve();
}

name.addEventListener('input', showCommands);
showPush.addEventListener('click', () => {
  pushWanted = !pushWanted;
  push.hidden = !pushWanted;
  showPush.setAttribute('aria-expanded', String(pushWanted));
});
document.querySelectorAll<HTMLButtonElement>('.copy').forEach((button) => button.addEventListener('click', () => void copy(button)));
document.addEventListener('visibilitychange', () => void (document.hidden || refresh()));
showCommands();
void srtPort().then((known) => {
  port = known;
  showCommands();
});
void keepFresh(refresh, refreshMs);
void keepFresh(async () => showTranscoder(await capabilities()), capabilitiesMs);
void keepFresh(refreshPictures, pictureMs);
void keepFresh(refreshRecordings, recordingsMs);
