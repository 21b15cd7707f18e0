using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Benchmarks.Ingest;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.IngestNode.Demux;
using Mirror.Media.Frames;
using Mirror.Streams.Feed;

namespace Mirror.Benchmarks.Transcode;

/// <summary>CPU that a ladder costs, beside the ffmpeg program making the same one with the same settings, and the time from a unit to its encoded frames.</summary>
internal sealed partial class TranscodeBench : IBench
{
    private const double SegmentSeconds = 0.5;
    private static readonly RungPlan Rung360 = Plan(640, 360, 400_000);
    private static readonly RungPlan[] Three = [Plan(1280, 720, 2_000_000), Plan(854, 480, 900_000), Rung360];

    public string Name => "transcode";

    public string Options => "";

    public string Description => "CPU and latency of a ladder, beside the ffmpeg program making the same";

    public async Task RunAsync(BenchRun run)
    {
        int seconds = run.Options.Number("--seconds", 20, 1);
        int turns = run.Options.IsBrief ? 1 : 2;
        (string Name, RungPlan[] Plans)[] ladders = run.Options.IsBrief ? [("360p", [Rung360])] : [("360p", [Rung360]), ("720p 480p 360p", Three)];
        string file = Make(seconds);
        List<AccessUnit> units = Read(await File.ReadAllBytesAsync(file));
        FFmpegLog.Attach(global::FFmpeg.AutoGen.ffmpeg.AV_LOG_QUIET, static (_, _) => { });
        Console.WriteLine($"Ladders of {units.Count} frames of 1080p30 H.264 at 5 Mbit/s, veryfast");
        Console.WriteLine($"{"ladder",-18}{"",-10}{"CPU s/min",12}{"frames/s/core",15}{"wall s",9}");
        Transcode(units, [Rung360]);                             // compiles, and warms the caches
        foreach ((string name, RungPlan[] plans) in ladders)
        {
            await run.MeasureAsync($"{name} CPU", async () =>
            {
                var ours = new (double Cpu, double Wall)[turns];
                var theirs = new (double Cpu, double Wall)[turns];
                for (int i = 0; i < turns; i++)              // in turns, so that whatever else runs here troubles both
                {
                    theirs[i] = await RunProgramAsync(file, plans);
                    ours[i] = Transcode(units, plans);
                }
                Report(name, "ffmpeg", theirs.Min(), units.Count);
                Report(name, "Mirror", ours.Min(), units.Count);
                Console.WriteLine($"{"",-18}{"Mirror's speed a core",-22} {theirs.Min().Cpu / ours.Min().Cpu,5:F2} of the program's (aim: 0.95 or more)");
                return new BenchFigure(units.Count / ours.Min().Cpu, "frames/s/core");
            });
        }
        foreach ((string name, RungPlan[] plans) in ladders)
        {
            await run.MeasureAsync($"{name} latency", async () => new BenchFigure(await MeasureLatencyAsync(name, units, plans, Math.Min(seconds, 10)), "ms decode to encoded, p50"));
        }
    }

    private static RungPlan Plan(int width, int height, long bitrate) => new()
    {
        Name = $"{height}p",
        Width = width,
        Height = height,
        Bitrate = bitrate,
        PeakBitrate = bitrate * 9 / 8,
        BufferSize = bitrate * 2,
        Preset = "veryfast",
        Profile = "high",
        References = 1,
    };

    private static void Report(string ladder, string who, (double Cpu, double Wall) run, int frames)
        => Console.WriteLine($"{ladder,-18}{who,-10}{run.Cpu * 60 * 30 / frames,12:F1}{frames / run.Cpu,15:F0}{run.Wall,9:F1}");

    private static (double Cpu, double Wall) Transcode(List<AccessUnit> units, RungPlan[] plans)
    {
        using var process = Process.GetCurrentProcess();
        TimeSpan cpu = process.TotalProcessorTime;
        long started = Stopwatch.GetTimestamp();
        using (var transcoder = new VideoTranscoder((VideoTrack)units[0].Track, plans, new TranscoderSettings(), new Sink(static (_, _) => { })))
        {
            foreach (AccessUnit unit in units) { transcoder.Decode(UnitOf(unit)); }
            transcoder.Drain();
        }
        process.Refresh();
        return ((process.TotalProcessorTime - cpu).TotalSeconds, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static SourceUnit UnitOf(AccessUnit unit) => new()
    {
        Timeline = 0,
        Pts90k = unit.Pts90k,
        Dts90k = unit.Dts90k,
        StartsSegment = unit.IsRandomAccess,
        ReceivedTimestamp = Stopwatch.GetTimestamp(),
        Payload = unit.Payload.Span,
    };

    /// <summary>Units come at their own pace, as they do live.</summary>
    /// <returns>The median of the first rung.</returns>
    private static async Task<double> MeasureLatencyAsync(string ladder, List<AccessUnit> units, RungPlan[] plans, int seconds)
    {
        List<double>[] latencies = [.. plans.Select(_ => new List<double>())];
        using var transcoder = new VideoTranscoder((VideoTrack)units[0].Track, plans, new TranscoderSettings(),
            new Sink((rung, received) => latencies[rung].Add(Stopwatch.GetElapsedTime(received).TotalMilliseconds)));
        long started = Stopwatch.GetTimestamp();
        foreach (AccessUnit unit in units.Take(seconds * 30))
        {
            TimeSpan due = TimeSpan.FromSeconds((unit.Dts90k - units[0].Dts90k) / 90_000.0) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.Zero) { await Task.Delay(due); }
            transcoder.Decode(UnitOf(unit));
        }
        for (int rung = 0; rung < plans.Length; rung++)
        {
            double[] sorted = [.. latencies[rung].Order()];
            Console.WriteLine($"{ladder,-18}{plans[rung].Name,-10}decode to encoded at 1080p30: p50 {At(sorted, 0.50):F1} ms, p95 {At(sorted, 0.95):F1} ms, p99 {At(sorted, 0.99):F1} ms");
        }
        (double decode, double scale, double encode) = (Mean(transcoder.Figures.Decode), Mean(transcoder.Figures.Scale), Mean(transcoder.Figures.Encode));
        Console.WriteLine($"{"",-28}a decode {decode:F1} ms, a scale {scale:F1} ms, an encode {encode:F1} ms");
        return At([.. latencies[0].Order()], 0.50);
    }

    private static double At(double[] sorted, double share) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];

    private static double Mean(StageTimes times) => times.Count == 0 ? 0 : times.Ticks * 1_000.0 / Stopwatch.Frequency / times.Count;

    /// <summary>The ffmpeg program, which tells its own CPU time.</summary>
    private static async Task<(double Cpu, double Wall)> RunProgramAsync(string file, RungPlan[] plans)
    {
        string split = string.Concat(plans.Select((_, i) => $"[s{i}]"));
        string filters = $"[0:v]split={plans.Length}{split};" + string.Join(';', plans.Select((plan, i) => $"[s{i}]scale={plan.Width}:{plan.Height}:flags=bicubic,format=yuv420p[o{i}]"));
        string outputs = string.Concat(plans.Select((plan, i) => $" -map [o{i}] -c:v libx264 -preset {plan.Preset} -tune zerolatency -profile:v {plan.Profile} -sc_threshold 0 -bf 0 -refs {plan.References} "
            + $"-g 9999 -force_key_frames expr:gte(t,n_forced*{SegmentSeconds.ToString(CultureInfo.InvariantCulture)}) -forced-idr 1 -b:v {plan.Bitrate} -maxrate {plan.PeakBitrate} -bufsize {plan.BufferSize} -f null -"));
        BenchTool.Require("ffmpeg");
        using Process process = Process.Start(new ProcessStartInfo("ffmpeg", $"-hide_banner -nostdin -v info -benchmark -i {file} -an -filter_complex {filters}{outputs}")
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        })!;
        string log = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Match bench = BenchLine().Match(log);
        if (process.ExitCode != 0 || !bench.Success) { throw new InvalidOperationException($"ffmpeg ended with {process.ExitCode}: {log}"); }
        double Number(int group) => double.Parse(bench.Groups[group].Value, CultureInfo.InvariantCulture);
        return (Number(1) + Number(2), Number(3));
    }

    private static string Make(int seconds)
        => BenchMedia.MakeOnce($"1080p30-{seconds}s.ts", $"-f lavfi -i testsrc2=size=1920x1080:rate=30,noise=alls=8:allf=t -t {seconds} -c:v libx264 -preset veryfast -bf 0 "
            + "-g 15 -keyint_min 15 -sc_threshold 0 -b:v 5M -maxrate 5M -bufsize 5M -pix_fmt yuv420p -f mpegts");

    private static List<AccessUnit> Read(byte[] media)
    {
        var handler = new Collector();
        using var demuxer = new TransportStreamDemuxer(handler, new TransportStreamDemuxerOptions(), NullLogger.Instance);
        demuxer.Write(media, 0, DateTime.UnixEpoch);
        demuxer.Restart();
        return handler.Units;
    }

    [GeneratedRegex(@"bench: utime=([0-9.]+)s stime=([0-9.]+)s rtime=([0-9.]+)s")]
    private static partial Regex BenchLine();

    private sealed class Collector : IAccessUnitHandler
    {
        public List<AccessUnit> Units { get; } = [];

        public void OnLayout(FeedLayout layout)
        {
        }

        public void OnAccessUnit(AccessUnit unit) => Units.Add(unit.Retain());
    }

    private sealed class Sink(Action<int, long> onFrame) : ITranscodeOutput
    {
        public void OnFormat(int rung, VideoTrack track)
        {
        }

        public void OnFrame(int rung, in EncodedFrame frame) => onFrame(rung, frame.ReceivedTimestamp);
    }
}
