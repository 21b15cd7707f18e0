import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyController, limits, LiveEdge } from './latency-controller';

const tick = 0.1;

/** Playback against a live edge that moves at the speed of time; `delivered` says how far behind the edge the buffer ends. */
class Simulation {
  now = 0;
  readonly rates: number[] = [];
  seeks = 0;

  constructor(readonly controller: LatencyController, public latency: number, public delivered: (now: number) => number = () => 0.05) {}

  get buffer(): number {
    return Math.max(0, this.latency - this.delivered(this.now));
  }

  run(seconds: number): this {
    for (let i = 0; i < Math.round(seconds / tick); i++) {
      this.now += tick;
      const { rate, seek } = this.controller.observe({ now: this.now, latency: this.latency, buffer: this.buffer });
      this.rates.push(rate);
      this.latency += tick * (1 - rate) - seek;
      this.seeks += seek === 0 ? 0 : 1;
    }
    return this;
  }
}

function controllerWithHoldBack(holdBack: number): LatencyController {
  const controller = new LatencyController();
  controller.holdBack = holdBack;
  controller.margin = 0;
  return controller;
}

test('catches up to the target without a seek, within the rates that nobody hears', () => {
  const simulation = new Simulation(controllerWithHoldBack(0.4), 1.4).run(30);
  assert.ok(Math.abs(simulation.latency - 0.4) < 0.05, `ended at ${simulation.latency}`);
  assert.equal(simulation.seeks, 0);
  assert.ok(Math.max(...simulation.rates) <= limits.fastest);
});

test('falls back to the target when it is too close to the edge', () => {
  const simulation = new Simulation(controllerWithHoldBack(0.6), 0.3).run(30);
  assert.ok(Math.abs(simulation.latency - 0.6) < 0.05, `ended at ${simulation.latency}`);
  assert.ok(Math.min(...simulation.rates) >= limits.slowest);
});

test('changes the rate in small steps', () => {
  const { rates } = new Simulation(controllerWithHoldBack(0.4), 2).run(30);
  rates.reduce((before, rate) => {
    assert.ok(Math.abs(rate - before) <= limits.rateStep + 1e-9, `${before} to ${rate}`);
    return rate;
  }, 1);
});

test('leaves the rate alone near the target', () => {
  const { rates } = new Simulation(controllerWithHoldBack(0.4), 0.4 + limits.startCorrecting - 0.005).run(10);
  assert.deepEqual(new Set(rates), new Set([1]));
});

test('does not swing around the target', () => {
  const simulation = new Simulation(controllerWithHoldBack(0.4), 1).run(30);
  assert.deepEqual(new Set(simulation.rates.slice(-50)), new Set([1]));
});

test('does not speed up into an empty buffer', () => {
  const { rates } = new Simulation(controllerWithHoldBack(0.4), 1.4, () => 1.37).run(1);
  assert.ok(Math.max(...rates) <= 1);
});

test('seeks once when it is far off for a second', () => {
  const simulation = new Simulation(controllerWithHoldBack(0.4), 10).run(0.9);
  assert.equal(simulation.seeks, 0);
  simulation.run(5);
  assert.equal(simulation.seeks, 1);
  assert.ok(Math.abs(simulation.latency - 0.4) < 0.1);
});

test('does not seek again and again where seeking does not help', () => {
  const controller = controllerWithHoldBack(0.4);
  let seeks = 0;
  for (let now = 0; now < 60; now += tick) {
    seeks += controller.observe({ now, latency: 10, buffer: 0.1 }).seek === 0 ? 0 : 1;
  }
  assert.ok(seeks >= 2 && seeks <= 60 / limits.seekAgain + 1, `${seeks} seeks`);
});

test('a stall widens the margin by what would have bridged it, within limits', () => {
  const controller = controllerWithHoldBack(0.4);
  const widened = (lasted: number): number => {
    const before = controller.margin;
    controller.stalled(lasted);
    return Math.round((controller.margin - before) * 1000) / 1000;
  };
  assert.deepEqual([0.01, 0.3, 1.5].map(widened), [limits.leastStallStep, 0.3, limits.largestStallStep]);
  assert.equal(widened(30), 0, 'a publisher that was away');
  for (let i = 0; i < 100; i++) {
    controller.stalled(1);
  }
  assert.equal(controller.margin, limits.largestMargin);
});

test('a buffer that nearly runs out widens the margin before it does', () => {
  // The network delivers late, by as much as the hold-back, once a second.
  const late = (now: number) => (Math.round(now / tick) % 10 === 0 ? 0.4 : 0.05);
  const simulation = new Simulation(controllerWithHoldBack(0.4), 0.4, late).run(60);
  assert.ok(simulation.controller.margin >= limits.nearStallStep);
  assert.ok(simulation.latency - 0.4 > limits.nearlyEmpty, 'and then it no longer does');
});

test('the margin shrinks in calm, step by step, never below the smallest', () => {
  const simulation = new Simulation(controllerWithHoldBack(0.4), 0.55);
  simulation.controller.margin = limits.startMargin;
  simulation.run(limits.calm - 1);
  assert.equal(simulation.controller.margin, limits.startMargin);
  simulation.run(limits.calmAgain + 2);
  assert.ok(simulation.controller.margin < limits.startMargin);
  assert.ok(simulation.controller.margin > limits.smallestMargin);
  simulation.run(300);
  assert.equal(simulation.controller.margin, limits.smallestMargin);
});

test('the margin stays where little is to spare', () => {
  const controller = controllerWithHoldBack(0.3);
  controller.margin = limits.startMargin;
  new Simulation(controller, 0.45, () => 0.36).run(120);
  assert.ok(controller.margin >= limits.startMargin);
});

test('a late playlist does not move the live edge', () => {
  const edge = new LiveEdge();
  assert.ok(Math.abs(edge.distance(0, 0.5, 0.65) - 0.5) < 1e-9);
  assert.ok(Math.abs(edge.distance(1, 0.1, 0.65) - 0.5) < 1e-9, 'the playlist is 0.4 s old');
  assert.ok(Math.abs(edge.distance(2, 0.5, 0.65) - 0.5) < 1e-9);
});

test('the way from ingest to playlist is learned anew when it changes', () => {
  const edge = new LiveEdge();
  edge.distance(0, 0.5, 0.6);
  assert.ok(Math.abs(edge.distance(1, 0.5, 0.8) - 0.7) < 1e-9);
  assert.ok(Math.abs(edge.distance(1 + limits.edgeWindow, 0.5, 0.8) - 0.5) < 1e-9);
});

test('without a date-time the playlist is all there is', () => {
  assert.equal(new LiveEdge().distance(0, 0.4, null), 0.4);
});
