// The start page's list of recordings.
import { listRecordings, type RecordingInfo } from './api';
import { element, setText } from './dom';
import { duration, size } from './format';

const mostShown = 24;
const rows = new Map<string, Row>();
const list = element<HTMLUListElement>('r-list');

/** One recording on the page. */
class Row {
  readonly item = document.createElement('li');
  private readonly badge = document.createElement('span');
  private readonly facts = ['when', 'length', 'gaps', 'size'].map((name) => {
    const fact = document.createElement('span');
    fact.className = name;
    return fact;
  });

  constructor({ stream, id }: RecordingInfo) {
    const link = document.createElement('a');
    link.href = `/watch/${encodeURIComponent(stream)}?recording=${encodeURIComponent(id)}`;
    const name = document.createElement('strong');
    name.textContent = stream;
    this.badge.className = 'badge';
    this.badge.textContent = 'recording';
    link.append(name, this.badge, ...this.facts);
    this.item.append(link);
  }

  update({ status, status_reason, started_at, duration_seconds, gaps, bytes }: RecordingInfo): void {
    this.badge.hidden = status === 'complete';
    setText(this.badge, status);
    this.badge.title = status_reason ?? '';
    const missing = gaps.reduce((sum, gap) => sum + gap.duration_seconds, 0);
    const texts = [new Date(started_at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' }), duration(duration_seconds), missing < 0.5 ? '' : `${duration(missing)} missing`, size(bytes)];
    this.facts.forEach((fact, place) => setText(fact, texts[place] ?? ''));
  }
}

/** Shows the latest recordings; nothing where there are none, or the server cannot say. */
export async function refreshRecordings(): Promise<void> {
  const { recordings, count, bytes } = await listRecordings(mostShown).catch(() => ({ recordings: [], count: 0, bytes: 0 }));
  element('recordings').hidden = count === 0;
  const keyOf = ({ stream, id }: RecordingInfo) => `${stream}/${id}`;
  const present = new Set(recordings.map(keyOf));
  for (const [key, row] of rows) {
    if (!present.has(key)) {
      row.item.remove();
      rows.delete(key);
    }
  }
  for (const [place, recording] of recordings.entries()) {
    const row = rows.get(keyOf(recording)) ?? new Row(recording);
    rows.set(keyOf(recording), row);
    row.update(recording);
    if (list.children[place] !== row.item) {
      list.insertBefore(row.item, list.children[place] ?? null);
    }
  }
  setText(element('r-summary'), `${count > recordings.length ? `the latest ${recordings.length} of ${count}` : `${count}`} · ${size(bytes)}`);
}
