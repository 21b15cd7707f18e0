// The start page: what is live now, and how to add to it.
import { listStreams, srtPort, type StreamInfo } from './api';
import { element, setText } from './dom';
import { bitrate, codecName, duration, frameRate } from './format';

const refreshMs = 2000;
const cards = new Map<string, Card>();
const list = element<HTMLUListElement>('streams');
const trouble = element('trouble');
const push = element('push');
const showPush = element<HTMLButtonElement>('show-push');
const name = element<HTMLInputElement>('push-name');
let port = 30000;
let pushWanted = false;

/** One stream on the page. */
class Card {
  readonly item = document.createElement('li');
  private readonly link = document.createElement('a');
  private readonly status = document.createElement('span');
  private readonly tag = document.createElement('span');
  private readonly facts: Record<string, HTMLElement> = {};

  constructor(id: string) {
    this.item.className = 'card';
    this.link.href = `/watch/${encodeURIComponent(id)}`;
    const stage = document.createElement('div');
    stage.className = 'stage';
    stage.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>';
    this.status.className = 'badge';
    this.tag.className = 'tag';
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
    this.link.append(stage, title, facts);
    this.item.append(this.link);
  }

  update(stream: StreamInfo, now: number): void {
    this.status.dataset['state'] = stream.status;
    setText(this.status, stream.status === 'active' ? 'live' : stream.status);
    const format = [stream.resolution?.replace('x', ' × '), stream.video_codec && codecName(stream.video_codec), stream.audio_codec && codecName(stream.audio_codec), stream.frame_rate > 0 && frameRate(stream.frame_rate)];
    this.set('format', format.filter(Boolean).join(' · ') || 'waiting for the first picture');
    this.item.title = stream.status_reason ?? '';
    const height = stream.resolution?.split('x')[1];
    setText(this.tag, height ? `${height}p` : '');
    this.tag.hidden = !height;
    this.set('rate', bitrate(stream.bitrate));
    this.set('uptime', duration((now - Date.parse(stream.created_at)) / 1000));
    this.set('source', `${stream.source_addr} (${stream.type.toUpperCase()})`);
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
      card.item.remove();
      cards.delete(id);
    }
  }
  for (const [place, stream] of streams.entries()) {
    let card = cards.get(stream.id);
    if (!card) {
      card = new Card(stream.id);
      cards.set(stream.id, card);
    }
    card.update(stream, now);
    if (list.children[place] !== card.item) {
      list.insertBefore(card.item, list.children[place] ?? null);
    }
  }
  const live = streams.filter((stream) => stream.status === 'active').length;
  const total = streams.reduce((sum, stream) => sum + stream.bitrate, 0);
  setText(element('summary'), streams.length === 0 ? 'no streams' : `${live} live · ${bitrate(total)} in`);
  const empty = streams.length === 0;
  list.hidden = empty;
  showPush.hidden = empty;
  push.hidden = !(empty || pushWanted);
  setText(element('push-title'), empty ? 'Nothing is live. Push the first stream' : 'Push a stream');
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

async function keepFresh(): Promise<void> {
  for (;;) {
    if (!document.hidden) {
      await refresh();
    }
    await new Promise((resolve) => setTimeout(resolve, refreshMs));
  }
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
void keepFresh();
