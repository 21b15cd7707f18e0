using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Mirror.LocalCluster;

namespace Mirror.Benchmarks.Soak;

/// <summary>Whether memory, descriptors, threads and processes stay flat: many starts and stops of streams, then a long transcoding.</summary>
/// <remarks>1. Warm up and come to rest. 2. Start and stop streams, a few at a time, and come to rest again. 3. Transcode one stream, and come to rest once more. 4. Judge.</remarks>
internal sealed class SoakBench : IBench
{
    private const int MostDetails = 20;                      // of starts that went wrong, printed
    private const string LongStream = "long";
    private static readonly TimeSpan PartInterval = TimeSpan.FromSeconds(2);    // far longer than a part, to look for new ones
    private static readonly TimeSpan BriefPartInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(20);   // of the encoder and its worker, which a brief run waits for

    public string Name => "soak";

    public string Options => "--starts N, --minutes M, --parallel N";

    public string Description => "whether memory stays flat over starts and stops of streams and a long transcoding";

    public bool IsLong => true;

    public async Task RunAsync(BenchRun run)
    {
        int starts = run.Options.Number("--starts", 1000, 1);
        double minutes = run.Options.Number("--minutes", 60.0, 1 / 60.0);
        int parallel = run.Options.Number("--parallel", 3, 1);
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        BenchTool.Require("ffmpeg");
        Console.WriteLine($"Soak: {starts} starts and stops, {parallel} at a time, then {minutes:G3} minutes of transcoding, on {Environment.ProcessorCount} cores");
        await using SoakServer server = await SoakServer.StartAsync();
        await RunAsync(run, server, starts, minutes, parallel, stop.Token);

        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task RunAsync(BenchRun run, SoakServer server, int starts, double minutes, int parallel, CancellationToken cancellationToken)
    {
        bool isBrief = run.Options.IsBrief;
        SoakSample? rest = null;
        if (!isBrief)
        {
            // 1. Every path that a start takes is compiled, and every slot was in use.
            await new Starts(server, await SoakMedia.ReadAsync(), "warm", parallel).RunAsync(2 * parallel, cancellationToken);
            rest = await SoakRest.SettleAsync(server, cancellationToken);
            Console.WriteLine($"warm and at rest: server {rest.ServerMiB:F0} MiB, {rest.Children} worker, {rest.Descriptors} descriptors, {rest.Threads} threads");
        }
        bool isBack = true;
        var phases = new List<(string Name, Func<SoakResult> Judge)>();
        // 2.
        if (starts > 0)
        {
            phases.Add(("starts and stops", await StartAndStopAsync(server, starts, parallel, cancellationToken)));
            isBack &= rest is null || await SoakRest.ReturnAsync(server, rest, "the last stream", cancellationToken);
        }
        // 3.
        if (minutes > 0)
        {
            phases.Add(("transcoding", await TranscodeAsync(server, TimeSpan.FromMinutes(minutes), isBrief, cancellationToken)));
            isBack &= rest is null || await SoakRest.ReturnAsync(server, rest, "transcoding", cancellationToken);
        }
        // 4.
        Console.WriteLine();
        Console.WriteLine(SoakFigure.Rule);
        foreach ((string name, Func<SoakResult> judge) in phases)
        {
            await run.MeasureAsync(name, () => Task.FromResult(judge() is { Verdict: not SoakVerdict.NotFlat } result ? result.Figure : throw new InvalidOperationException("not flat, or something failed: see above")));
        }
        if (rest is not null)
        {
            await run.MeasureAsync("rest", async () => isBack ? new BenchFigure((await server.SampleAsync()).ServerMiB, "MiB at rest") : throw new InvalidOperationException("the server did not come back to what it held before"));
        }
        Console.WriteLine($"the server logged {server.Errors} errors: {server.KeepLog()}");
    }

    private sealed record SoakResult(SoakVerdict Verdict, BenchFigure Figure);

    private static async Task<Func<SoakResult>> StartAndStopAsync(SoakServer server, int count, int parallel, CancellationToken cancellationToken)
    {
        var starts = new Starts(server, await SoakMedia.ReadAsync(), "soak", parallel);
        var phase = new SoakPhase(server, "starts and stops");
        double step = Math.Min(50, Math.Ceiling(count / 10.0));
        await phase.WatchAsync(starts.RunAsync(count, cancellationToken), () => (starts.Done / (double)count, starts.Done), step, starts.Describe);
        return () =>
        {
            SoakVerdict verdict = phase.Judge(new SoakSlope(1024, "KiB/start", 1000, "/1000 starts"));
            Console.WriteLine($"{starts.Done} starts in {phase.Elapsed.TotalMinutes:F1} min: {starts.Describe()}{(starts.Failed == 0 ? "" : ": FAILED")}");
            return new SoakResult(starts.Failed == 0 ? verdict : SoakVerdict.NotFlat, new BenchFigure(starts.Delivered, "streams delivered"));
        };
    }

    private static async Task<Func<SoakResult>> TranscodeAsync(SoakServer server, TimeSpan length, bool isBrief, CancellationToken cancellationToken)
    {
        JsonNode? last = null;
        TimeSpan longestGap = TimeSpan.Zero;
        int calls;
        SoakPhase phase;
        await using (var encoder = new TestEncoder(LongStream, [server.SrtPort], "640x360", 30))
        {
            phase = new SoakPhase(server, "transcoding");
            await phase.WatchAsync(FollowAsync(), () => (phase.Elapsed / length, phase.Elapsed.TotalHours), 1 / 60.0, Describe);
            calls = encoder.Calls;
        }
        using (HttpResponseMessage answer = await server.Client.DeleteAsync($"api/v1/streams/{LongStream}", cancellationToken)) { }
        return () =>
        {
            SoakVerdict verdict = phase.Judge(new SoakSlope(1, "MiB/h", 1, "/h"));
            Console.WriteLine($"{Describe()}, {calls} call(s) of the encoder");
            return new SoakResult(verdict, new BenchFigure(Frames(), "frames encoded"));
        };

        long Frames() => (long?)last?["transcode"]?["renditions"]?[0]?["frames_encoded"] ?? 0;

        string Describe()
            => $"{Frames()} frames encoded, {last?["transcode"]?["restarts"]} restarts of the worker, {last?["transcode"]?["frames_dropped"]} frames left out, {longestGap.TotalSeconds:F0} s at most without a new part";

        // Takes note of how the stream is, and that parts of its rendition keep coming.
        async Task FollowAsync()
        {
            (string? newest, long seen) = (null, Stopwatch.GetTimestamp());
            while (phase.Elapsed < length || (isBrief && Frames() == 0 && phase.Elapsed < LongestStart))
            {
                await Task.Delay(isBrief ? BriefPartInterval : PartInterval, cancellationToken);
                string? part = ShortStream.PartsOf(await server.PlaylistAsync(LongStream, ShortStream.Rendition, cancellationToken)).LastOrDefault();
                if (part is not null && part != newest) { (newest, seen) = (part, Stopwatch.GetTimestamp()); }
                if (newest is not null && Stopwatch.GetElapsedTime(seen) > longestGap) { longestGap = Stopwatch.GetElapsedTime(seen); }
                last = await server.FindStreamAsync(LongStream, cancellationToken) ?? last;
            }
        }
    }

    /// <summary>Starts and stops of streams, a few at a time: every second one under a name of its own, the others under their slot's; half of each are ended through the API.</summary>
    private sealed class Starts(SoakServer server, byte[] media, string prefix, int parallel)
    {
        private readonly ConcurrentQueue<StartOutcome> _outcomes = [];
        private int _begun;
        private int _detailed;

        public int Done => _outcomes.Count;

        public int Delivered => Count(StartResult.Delivered);

        public int Failed => _outcomes.Count(outcome => outcome.Result is not (StartResult.Delivered or StartResult.Refused));

        public Task RunAsync(int count, CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(0, parallel).Select(slot => RunSlotAsync(slot, count, cancellationToken)));

        public string Describe()
        {
            double[] waits = [.. _outcomes.Where(outcome => outcome.Result == StartResult.Delivered).Select(outcome => outcome.Waited.TotalSeconds).Order()];
            string wait = waits.Length == 0 ? "" : $" after {waits[waits.Length / 2]:F1} s (median), {waits[^1]:F1} s at most";
            return $"{Count(StartResult.Delivered)} delivered{wait}, {Count(StartResult.Refused)} refused for want of capacity, {Count(StartResult.NoRendition)} without rendition, "
                + $"{Count(StartResult.NotConnected)} not connected, {Count(StartResult.NotEnded)} not ended";
        }

        private int Count(StartResult result) => _outcomes.Count(outcome => outcome.Result == result);

        private async Task RunSlotAsync(int slot, int count, CancellationToken cancellationToken)
        {
            while (Interlocked.Increment(ref _begun) is var number && number <= count)
            {
                string name = number % 2 == 0 ? $"{prefix}-{number}" : $"{prefix}-slot-{slot}";
                StartOutcome outcome = await new ShortStream(server, name, media, stopByApi: number % 4 < 2).RunAsync(cancellationToken);
                _outcomes.Enqueue(outcome);
                if (outcome.Detail is { } detail && Interlocked.Increment(ref _detailed) <= MostDetails) { Console.WriteLine($"  {DateTime.UtcNow:HH:mm:ss} {detail}"); }
            }
        }
    }
}
