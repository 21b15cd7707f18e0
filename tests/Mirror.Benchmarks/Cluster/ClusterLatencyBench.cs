using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.Benchmarks.Ingest;
using Mirror.GpuTranscode.Publishing;
using Mirror.LocalCluster;
using Mirror.Media.Frames;
using Mirror.ServiceDefaults.Hosting;
using Mirror.Streams.Announcements;
using Mirror.Streams.Registry;
using Mirror.Streams.Store;

namespace Mirror.Benchmarks.Clusters;

/// <summary>How long a part takes from the store of one process to a viewer of another, over Redis and Azurite on this machine.</summary>
/// <remarks>
/// This process is the packager and the viewer, so that one clock serves; the origin is a process of its own. A part of 10 kB goes along with its
/// announcement, one of 100 kB is read from the store by the origin. The viewer holds a request for each part, as hls.js does.
/// </remarks>
internal sealed class ClusterLatencyBench : IBench
{
    private const int PartsPerSegment = 5;
    private const uint Timescale = 90_000;
    private static readonly TimeSpan PartDuration = TimeSpan.FromMilliseconds(100);

    public string Name => "cluster";

    public string Options => "";

    public string Description => "from a part stored by one process to the part at a viewer of another";

    public async Task RunAsync(BenchRun run)
    {
        BenchTool.Require("redis-server");
        BenchTool.Require("node");
        await using Cluster cluster = await Cluster.StartAsync(new ClusterPlan { NodesOfEachKind = 1, Kinds = [NodeKind.Origin] });
        foreach ((string name, string value) in cluster.Environment) { Environment.SetEnvironmentVariable(name, value); }
        try { await RunAsync(run, cluster); }
        finally
        {
            // A server that the next bench starts is none of this cluster's.
            foreach (string name in cluster.Environment.Keys) { Environment.SetEnvironmentVariable(name, null); }
        }
    }

    private static async Task RunAsync(BenchRun run, Cluster cluster)
    {
        int seconds = run.Options.Number("--seconds", 20, 1);
        int settling = run.Options.IsBrief ? 5 : 30;         // parts while everything is compiled
        await using WebApplication app = MirrorHost.Build(
            ["--server.https_port", "0", "--server.enable_http", "false", "--server.certificate.directory", Path.Combine(cluster.Folder, "certs"), "--cluster.port", $"{FreePorts.Take()}", "--logging.level", "warning"],
            builder => builder.AddMirrorSharedState(), _ => { });
        await app.StartAsync();
        Console.WriteLine("From a part stored to the part fetched by a viewer of another process, parts of 100 ms, milliseconds");
        Console.WriteLine($"{"part",-10}{"bytes go",-22}{"parts",6}{"p50",8}{"p95",8}{"p99",8}{"max",8}");
        await ReportAsync("10 kB", "with the announcement", "small", 10_000);
        await ReportAsync("100 kB", "by the store", "large", 100_000);
        await app.StopAsync();

        Task ReportAsync(string part, string way, string stream, int length)
            => run.MeasureAsync(part, async () => new BenchFigure(Print(part, way, await MeasureAsync(app.Services, cluster, stream, length, seconds, settling)), "ms p50"));
    }

    private static async Task<List<double>> MeasureAsync(IServiceProvider services, Cluster cluster, string stream, int length, int seconds, int settling)
    {
        Lease lease = await TakeLeaseAsync(services.GetRequiredService<ILeases>(), stream);
        var store = new TimedStore(services.GetRequiredService<ISegmentStore>());
        var publisher = new PartPublisher(store, services.GetRequiredService<IAnnouncements>(), TimeProvider.System, NullLogger<PartPublisher>.Instance);
        var key = new RenditionKey(stream, "source") { Epoch = lease.Fence };
        var track = new VideoTrack { Id = 1, Codec = Codec.H264, CodecString = "avc1.640028", DecoderConfiguration = new byte[] { 1 }, Width = 1280, Height = 720, FrameRate = new Rational(30, 1) };
        publisher.Announce(new RenditionStarted(key, true, Timescale, 1, PartDuration, 1));
        publisher.PublishInit(new InitReady(key, "init.mp4", 100, track), new byte[100]);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds) + settling * PartDuration);
        Task publishing = PublishAsync(services.GetRequiredService<ILeases>(), lease, publisher, key, length, stop.Token);
        List<double> latencies = await FollowAsync(new Uri(cluster.Of(NodeKind.Origin).First().Http, $"live/{stream}/source/"), store, settling, stop.Token);
        await publishing;
        return latencies;
    }

    /// <summary>A part every 100 ms, and the lease renewed as a node does.</summary>
    private static async Task PublishAsync(ILeases leases, Lease lease, PartPublisher publisher, RenditionKey key, int length, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(PartDuration);
        byte[] bytes = new byte[length];
        Random.Shared.NextBytes(bytes);
        for (int part = 0; !stop.IsCancellationRequested; part++)
        {
            await timer.WaitForNextTickAsync(CancellationToken.None);
            int index = part % PartsPerSegment;
            MediaBuffer buffer = MediaBuffer.CopyOf(bytes);
            publisher.PublishPart(new PartReady(key, 1 + part / PartsPerSegment, index, Timescale / 10, (long)index * length, length, index == 0, index == PartsPerSegment - 1, false, DateTime.UtcNow, 0), buffer);
            if (index == 0) { await leases.RenewAsync(lease, CancellationToken.None); }
        }
    }

    private static async Task<List<double>> FollowAsync(Uri playlist, TimedStore store, int settling, CancellationToken stop)
    {
        using var client = new HttpClient { BaseAddress = playlist, Timeout = TimeSpan.FromSeconds(10) };
        List<double> latencies = [];
        for (int part = 0; !stop.IsCancellationRequested; part++)
        {
            (long msn, int index) = (1 + part / PartsPerSegment, part % PartsPerSegment);
            using HttpResponseMessage reload = await client.GetAsync($"playlist.m3u8?_HLS_msn={msn}&_HLS_part={index}", CancellationToken.None);
            if (!reload.IsSuccessStatusCode)
            {
                part--;                                      // the origin has yet to hear of the stream
                await Task.Delay(20, CancellationToken.None);
                continue;
            }
            using HttpResponseMessage response = await client.GetAsync($"{msn}.{index}.m4s", CancellationToken.None);
            await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
            long fetched = Stopwatch.GetTimestamp();
            if (response.IsSuccessStatusCode && part >= settling && store.StoredAt.TryGetValue((msn, index), out long stored)) { latencies.Add(Stopwatch.GetElapsedTime(stored, fetched).TotalMilliseconds); }
        }
        return latencies;
    }

    private static async Task<Lease> TakeLeaseAsync(ILeases leases, string stream)
    {
        for (int attempt = 0; ; attempt++)
        {
            try { return (await leases.TryAcquireAsync(Lease.TranscodeOf(stream), "bench", TimeSpan.FromSeconds(10), default))!; }
            catch (Exception) when (attempt < 100) { await Task.Delay(50); }          // Redis is being connected to
        }
    }

    /// <returns>The median.</returns>
    private static double Print(string part, string way, List<double> latencies)
    {
        double[] sorted = [.. latencies.Order()];
        double At(double share) => sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
        Console.WriteLine($"{part,-10}{way,-22}{sorted.Length,6}{At(0.50),8:F1}{At(0.95),8:F1}{At(0.99),8:F1}{At(1),8:F1}");
        return At(0.50);
    }

    /// <summary>Notes when each part was stored.</summary>
    private sealed class TimedStore(ISegmentStore store) : ISegmentStore
    {
        public ConcurrentDictionary<(long Msn, int Part), long> StoredAt { get; } = [];

        public ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => store.PutInitAsync(rendition, name, bytes, cancellationToken);

        public async ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
            => await AppendPartsAsync(segment, partIndex, [part], cancellationToken);

        public async ValueTask<long> AppendPartsAsync(SegmentKey segment, int partIndex, IReadOnlyList<MediaBuffer> parts, CancellationToken cancellationToken)
        {
            long offset = await store.AppendPartsAsync(segment, partIndex, parts, cancellationToken);
            for (int i = 0; i < parts.Count; i++) { StoredAt[(segment.Msn, partIndex + i)] = Stopwatch.GetTimestamp(); }
            return offset;
        }

        public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken) => store.CompleteSegmentAsync(segment, cancellationToken);

        public ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken) => store.ReadInitAsync(rendition, name, cancellationToken);

        public ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken) => store.ReadAsync(segment, offset, length, cancellationToken);
    }
}
