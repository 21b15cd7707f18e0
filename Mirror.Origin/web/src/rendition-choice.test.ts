import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limits, RenditionChoice } from './rendition-choice';

const ladder = [{ name: '360p', bitrate: 800_000 }, { name: '720p', bitrate: 3_000_000 }, { name: 'source', bitrate: 6_000_000 }];

/** Loads parts of 100 ms through a link; `seconds` of them. */
class Link {
  now = 0;
  readonly chosen: number[] = [];

  constructor(readonly choice: RenditionChoice, public bitsPerSecond: number, public wait = 0.005) {}

  run(seconds: number): this {
    for (let i = 0; i < Math.round(seconds / 0.1); i++) {
      this.now += 0.1;
      const rendition = this.choice.choose(this.now);
      this.chosen.push(rendition);
      const transfer = ladder[rendition]!.bitrate * 0.1 / this.bitsPerSecond;
      this.choice.loaded({ now: this.now, rendition, wait: this.wait, total: this.wait + transfer, duration: 0.1 });
    }
    return this;
  }

  get last(): number | undefined {
    return this.chosen.at(-1);
  }
}

function open(): RenditionChoice {
  const choice = new RenditionChoice();
  choice.open(ladder);
  return choice;
}

test('starts with the highest, and stays where the link is fast', () => {
  const link = new Link(open(), 50e6).run(30);
  assert.deepEqual([...new Set(link.chosen)], [2]);
});

test('goes down to what the link carries', () => {
  assert.equal(new Link(open(), 4e6).run(20).last, 1);
  assert.equal(new Link(open(), 5.5e6).run(20).last, 1);
  assert.equal(new Link(open(), 0.5e6).run(20).last, 0);
});

test('does not climb to what would hardly fit', () => {
  const link = new Link(open(), 1e6).run(20);
  link.bitsPerSecond = 4e6;                                  // 3 of 4 Mbit/s are enough to stay, too much to climb to
  assert.equal(link.run(20).last, 0);
});

test('a part that takes as long to ask for as to send does not look like a slow link', () => {
  const link = new Link(open(), 25e6, 0.03);
  link.choice.failed(2, 0);
  link.choice.failed(1, 0);
  assert.equal(link.run(1).last, 0);
  link.run(30);
  assert.equal(link.last, 2);
});

test('comes up again when the link recovers, one change at a time', () => {
  const link = new Link(open(), 1.2e6).run(20);
  assert.equal(link.last, 0);
  link.bitsPerSecond = 30e6;
  link.run(20);
  assert.equal(link.last, 2);
  const changes = link.chosen.filter((rendition, i) => i > 0 && rendition !== link.chosen[i - 1]).length;
  assert.ok(changes <= 4, `${changes} changes`);
});

test('a rendition that failed is left alone, longer each time', () => {
  const choice = open();
  assert.equal(choice.choose(0), 2);
  choice.failed(2, 1);
  choice.failed(2, 1.1);                                     // the same failure
  assert.equal(choice.choose(2), 1);
  assert.equal(choice.choose(1 + limits.shortestBan - 0.1), 1);
  assert.equal(choice.choose(1 + limits.shortestBan), 2);
  choice.failed(2, 20);
  assert.equal(choice.choose(20 + limits.shortestBan), 1);
  assert.equal(choice.choose(20 + 2 * limits.shortestBan), 2);
});

test('with all failed the lowest is played', () => {
  const choice = open();
  for (const rendition of [0, 1, 2]) {
    choice.failed(rendition, 0);
  }
  assert.equal(choice.choose(1), 0);
  choice.forgive();
  assert.equal(choice.choose(10), 2);
});

test('a lone rendition is played whatever happens', () => {
  const choice = new RenditionChoice();
  choice.open([{ name: 'source', bitrate: 6e6 }]);
  choice.failed(0, 0);
  assert.equal(choice.choose(0.1), 0);
  for (let i = 0; i < 50; i++) {
    choice.loaded({ now: i / 10, rendition: 0, wait: 0.01, total: 0.5, duration: 0.1 });
  }
  assert.equal(choice.choose(5), 0);
});
