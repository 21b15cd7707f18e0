/** One point of the chart, in seconds; null where unknown. */
export interface Sample {
  time: number;
  latency: number | null;
  buffer: number | null;
  target: number | null;
  stalled: boolean;
}

const span = 60;
const steps = [0.25, 0.5, 1, 2, 5, 10, 30];

/** Latency and buffer over the last minute. */
export class Chart {
  private readonly samples: Sample[] = [];
  private readonly context: CanvasRenderingContext2D;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext('2d');
    if (!context) {
      throw new Error('no 2D canvas');
    }
    this.context = context;
  }

  add(sample: Sample): void {
    this.samples.push(sample);
    while (this.samples[0] && sample.time - this.samples[0].time > span) {
      this.samples.shift();
    }
  }

  draw(): void {
    const { canvas, context } = this;
    const scale = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (width === 0 || height === 0) {
      return;
    }
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);

    const style = getComputedStyle(canvas);
    const colour = (name: string) => style.getPropertyValue(name);
    const left = 40;
    const bottom = height - 6;
    const top = 8;
    const highest = Math.max(0.4, ...this.samples.map((sample) => Math.max(sample.latency ?? 0, sample.buffer ?? 0, sample.target ?? 0)));
    const step = steps.find((size) => highest / size <= 4) ?? 60;
    const ceiling = Math.ceil((highest * 1.08) / step) * step;
    const end = this.samples[this.samples.length - 1]?.time ?? 0;
    const x = (time: number) => left + ((time - end + span) / span) * (width - left - 2);
    const y = (value: number) => bottom - (Math.min(value, ceiling) / ceiling) * (bottom - top);

    context.font = '10px system-ui, sans-serif';
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    context.lineWidth = 1;
    for (let value = 0; value <= ceiling + 1e-9; value += step) {
      context.strokeStyle = colour('--line');
      context.beginPath();
      context.moveTo(left, Math.round(y(value)) + 0.5);
      context.lineTo(width, Math.round(y(value)) + 0.5);
      context.stroke();
      context.fillStyle = colour('--dim');
      context.fillText(value < 10 && step < 1 ? `${Math.round(value * 1000)}` : `${value} s`, left - 6, y(value));
    }
    context.fillStyle = colour('--bad');
    for (const sample of this.samples) {
      if (sample.stalled) {
        context.fillRect(x(sample.time) - 1, top, 2, bottom - top);
      }
    }
    this.line((sample) => sample.buffer, x, y, colour('--good'), bottom);
    context.setLineDash([4, 4]);
    this.line((sample) => sample.target, x, y, colour('--dim'), null);
    context.setLineDash([]);
    this.line((sample) => sample.latency, x, y, colour('--accent'), null);
  }

  private line(pick: (sample: Sample) => number | null, x: (time: number) => number, y: (value: number) => number, colour: string, fillTo: number | null): void {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    let run: Sample[] = [];
    const draw = () => {
      const first = run[0];
      const last = run[run.length - 1];
      if (!first || !last || run.length < 2) {
        return;
      }
      context.beginPath();
      for (const sample of run) {
        context.lineTo(x(sample.time), y(pick(sample) ?? 0));
      }
      context.stroke();
      if (fillTo !== null) {
        context.lineTo(x(last.time), fillTo);
        context.lineTo(x(first.time), fillTo);
        context.globalAlpha = 0.14;
        context.fillStyle = colour;
        context.fill();
        context.globalAlpha = 1;
      }
    };
    for (const sample of this.samples) {
      if (pick(sample) === null) {
        draw();
        run = [];
      } else {
        run.push(sample);
      }
    }
    draw();
  }
}
