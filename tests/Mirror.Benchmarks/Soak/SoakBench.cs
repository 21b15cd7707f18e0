using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Mirror.Benchmarks.Ingest;
using Mirror.LocalCluster;

namespace Mirror.Benchmarks.Soak;

/// <summary>Whether memory, descriptors, threads and processes stay flat: many starts and stops of streams, then a long transcoding.</summary>
/// <remarks>1. Warm up and come to rest. 2. Start and stop streams, a few at a time, and come to rest again. 3. Transcode one stream, and come to rest once more. 4. Judge.</remarks>
internal static class SoakBench
{
    private const int MostDetails = 20;                      // of starts that went wrong, printed
    private const string LongStream = "long";
    private static readonly TimeSpan PartInterval = TimeSpan.FromSeconds(2);    // far longer than a part, to look for new ones

    public static async Task<int> RunAsync(string[] arguments)
    {
        int starts = int.Parse(IngestBench.Option(arguments, "--starts") ?? "1000", CultureInfo.InvariantCulture);
        double minutes = double.Parse(IngestBench.Option(arguments, "--minutes") ?? "60", CultureInfo.InvariantCulture);
        int parallel = int.Parse(IngestBench.Option(arguments, "--parallel") ?? "3", CultureInfo.InvariantCulture);
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Cancel);
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Cancel);
        Console.WriteLine($"Soak: {starts} starts and stops, {parallel} at a time, then {minutes} minutes of transcoding, on {Environment.ProcessorCount} cores");
        await using SoakServer server = await SoakServer.StartAsync();
        try
        {
            SoakVerdict verdict = await RunAsync(server, starts, minutes, parallel, stop.Token);
            Console.WriteLine();
            Console.WriteLine($"All in all: {(verdict == SoakVerdict.NotFlat ? "FAILED" : SoakFigure.TextOf(verdict))}; the server logged {server.Errors} errors: {server.KeepLog()}");
            return verdict == SoakVerdict.NotFlat ? 1 : 0;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.WriteLine("interrupted");
            return 1;
        }

        void Cancel(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }
    }

    private static async Task<SoakVerdict> RunAsync(SoakServer server, int starts, double minutes, int parallel, CancellationToken cancellationToken)
    {
        // 1. Every path that a start takes is compiled, and every slot was in use.
        await new Starts(server, await SoakMedia.ReadAsync(), "warm", parallel).RunAsync(2 * parallel, cancellationToken);
        SoakSample rest = await SoakRest.SettleAsync(server, cancellationToken);
        Console.WriteLine($"warm and at rest: server {rest.ServerMiB:F0} MiB, {rest.Children} worker, {rest.Descriptors} descriptors, {rest.Threads} threads");
        bool isBack = true;
        var phases = new List<Func<SoakVerdict>>();
        // 2.
        if (starts > 0)
        {
            phases.Add(await StartAndStopAsync(server, starts, parallel, cancellationToken));
            isBack &= await SoakRest.ReturnAsync(server, rest, "the last stream", cancellationToken);
        }
        // 3.
        if (minutes > 0)
        {
            phases.Add(await TranscodeAsync(server, TimeSpan.FromMinutes(minutes), cancellationToken));
            isBack &= await SoakRest.ReturnAsync(server, rest, "transcoding", cancellationToken);
        }
        // 4.
        Console.WriteLine();
        Console.WriteLine(SoakFigure.Rule);
        return phases.Select(judge => judge()).Append(isBack ? SoakVerdict.Flat : SoakVerdict.NotFlat).ToArray().Max();
    }

    private static async Task<Func<SoakVerdict>> StartAndStopAsync(SoakServer server, int count, int parallel, CancellationToken cancellationToken)
    {
        var starts = new Starts(server, await SoakMedia.ReadAsync(), "soak", parallel);
        var phase = new SoakPhase(server, "starts and stops");
        double step = Math.Min(50, Math.Ceiling(count / 10.0));
        await phase.WatchAsync(starts.RunAsync(count, cancellationToken), () => (starts.Done / (double)count, starts.Done), step, starts.Describe);
        return () =>
        {
            SoakVerdict verdict = phase.Judge(new SoakSlope(1024, "KiB/start", 1000, "/1000 starts"));
            Console.WriteLine($"{starts.Done} starts in {phase.Elapsed.TotalMinutes:F1} min: {starts.Describe()}{(starts.Failed == 0 ? "" : ": FAILED")}");
            return starts.Failed == 0 ? verdict : SoakVerdict.NotFlat;
        };
    }

    private static async Task<Func<SoakVerdict>> TranscodeAsync(SoakServer server, TimeSpan length, CancellationToken cancellationToken)
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
            return Frames() > 0 ? verdict : SoakVerdict.NotFlat;
        };

        long Frames() => (long?)last?["transcode"]?["renditions"]?[0]?["frames_encoded"] ?? 0;

        string Describe()
            => $"{Frames()} frames encoded, {last?["transcode"]?["restarts"]} restarts of the worker, {last?["transcode"]?["frames_dropped"]} frames left out, {longestGap.TotalSeconds:F0} s at most without a new part";

        // Takes note of how the stream is, and that parts of its rendition keep coming.
        async Task FollowAsync()
        {
            (string? newest, long seen) = (null, Stopwatch.GetTimestamp());
            while (phase.Elapsed < length)
            {
                await Task.Delay(PartInterval, cancellationToken);
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
