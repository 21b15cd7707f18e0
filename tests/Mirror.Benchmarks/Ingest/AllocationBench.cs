using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Mirror.GpuTranscode.Packaging;
using Mirror.GpuTranscode.Publishing;
using Mirror.IngestNode.Demux;
using Mirror.IngestNode.Gop;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Configuration;
using Mirror.Streams.Feed;
using Mirror.Streams.Store;

namespace Mirror.Benchmarks.Ingest;

/// <summary>Bytes allocated and time spent from packets to stored parts, on one thread, without the network.</summary>
internal sealed class AllocationBench : IBench
{
    private const int PacketBytes = 1316;
    private const int PacketsPerBatch = 14;                  // 3 ms of 50 Mbit/s, as the receive loop hands them over
    private const int StoreMiB = 32;

    public string Name => "allocations";

    public string Options => "";

    public string Description => "bytes allocated a packet and a part, and time a byte, from packets to stored parts";

    public async Task RunAsync(BenchRun run)
    {
        Console.WriteLine("From packets to stored parts, one thread, no network");
        Console.WriteLine($"{"rate",-10}{"B/packet",10}{"B/part",10}{"ns/byte",10}{"parts",8}");
        foreach (int megabits in run.Options.IsBrief ? [5] : new[] { 5, 10, 50 })
        {
            string load = $"{megabits} Mbit/s";
            await run.MeasureAsync(load, async () =>
            {
                byte[] media = await File.ReadAllBytesAsync(BenchMedia.Make(megabits, run.Options.IsBrief ? BenchMedia.BriefSeconds : BenchMedia.Seconds));
                Measure(media);                              // compiles
                await Task.Delay(500);                       // and lets the tiers settle
                (double perPacket, double perPart, double nanosecondsPerByte, int parts) = Measure(media);
                Console.WriteLine($"{load,-10}{perPacket,10:F2}{perPart,10:F0}{nanosecondsPerByte,10:F2}{parts,8}");
                return new BenchFigure(nanosecondsPerByte, "ns/byte");
            });
        }
    }

    private static (double PerPacket, double PerPart, double NanosecondsPerByte, int Parts) Measure(byte[] media)
    {
        var announcements = new LocalAnnouncements();
        int parts = 0;
        using IDisposable subscription = announcements.Subscribe(announcement => parts += announcement is PartReady ? 1 : 0);
        // Disk off and memory small: old segments are dropped, so that their bytes go round through the pool as they do in a live server.
        var store = new LocalSegmentStore(new StoreOptions { Memory = ByteSize.FromMebibytes(StoreMiB), Disk = new ByteSize(0) }, TimeProvider.System, NullLogger<LocalSegmentStore>.Instance);
        var publisher = new PartPublisher(store, announcements, TimeProvider.System, NullLogger<PartPublisher>.Instance);
        var packager = new StreamPackager("bench", new PackageOptions(), publisher, TimeProvider.System, NullLogger<StreamPackager>.Instance);
        using var gop = new GopBuffer(new GopBufferOptions(), TimeProvider.System);
        using var demuxer = new TransportStreamDemuxer(new Handler(packager, gop), new TransportStreamDemuxerOptions(), NullLogger.Instance);
        // Until the store is full and its oldest bytes come back: the steady state.
        for (long fed = 0; fed < 3L * StoreMiB << 20; fed += media.Length)
        {
            Feed(demuxer, media);
            demuxer.Restart();
        }
        int partsBefore = parts;
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        long started = Stopwatch.GetTimestamp();
        Feed(demuxer, media);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - allocatedBefore;
        int made = parts - partsBefore;
        packager.End();
        double bytes = media.Length;
        return (allocated / (bytes / PacketBytes), (double)allocated / made, elapsed.TotalNanoseconds / bytes, made);
    }

    private static void Feed(TransportStreamDemuxer demuxer, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, PacketBytes * PacketsPerBatch);
            demuxer.Write(bytes[..length], TimeProvider.System.GetTimestamp(), DateTime.UtcNow);
            demuxer.Flush();
            bytes = bytes[length..];
        }
    }

    private sealed class Handler(StreamPackager packager, GopBuffer gop) : IAccessUnitHandler
    {
        public void OnLayout(FeedLayout layout) => packager.SetLayout(layout);

        public void OnAccessUnit(AccessUnit unit)
        {
            gop.Add(unit);
            packager.Write(unit);
        }
    }
}
