using Microsoft.Extensions.Logging.Abstractions;
using Mirror.IngestNode.Demux;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;
using Mirror.Media.Tests.MpegTs;
using Mirror.Streams.Feed;
using static Mirror.IngestNode.Tests.Demux.H264Pictures;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Damaged and hostile input: nothing throws, nothing damaged is passed on, nothing leaks, and good units follow.</summary>
[Collection(nameof(PoolAccounting))]
public class DamageTests
{
    private const long Frame = 3_600;
    private const int SampleUnits = 60 + 112;

    private static byte[] Sample()
    {
        TransportStreamBuilder builder = new();
        long audio = 0;
        int frames = 0;
        for (int i = 0; i < 60; i++)
        {
            if (i % 5 == 0) { builder.H264AacTables(); }
            builder.VideoPes(i * Frame, -1, i % 15 == 0 ? Idr(1_500, (byte)i) : P(200 + i * 9, (byte)i), pcr: i * Frame * 300);
            for (; audio < i * Frame; audio += 3_840) { builder.AudioPes(audio, [.. Adts(100 + frames++, 1), .. Adts(100 + frames++, 2)]); }
        }
        return builder.ToArray();
    }

    private static HashSet<string> Payloads(byte[] stream)
    {
        using DemuxRun run = new();
        run.Write(stream);
        return [.. run.Units.Select(u => Convert.ToHexString(u.Payload))];
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(7, true)]
    [InlineData(16, true)]
    public void Packets_lost_at_every_position_cost_what_they_touched(int lost, bool isSignalled)
    {
        byte[] stream = Sample();
        HashSet<string> sound = Payloads(stream);
        int packets = stream.Length / 188;
        for (int position = 0; position + lost <= packets; position++)
        {
            using DemuxRun run = new();
            run.Write(stream.AsSpan(0, position * 188));
            if (isSignalled) { run.Demuxer.SignalLoss(); }
            run.Write(stream.AsSpan((position + lost) * 188));
            Assert.All(run.Units, u => Assert.Contains(Convert.ToHexString(u.Payload), sound));
            Assert.InRange(sound.Count - run.Units.Count, 0, position < 12 * 7 ? 46 + 2 * lost : 3 + 2 * lost);
            Assert.DoesNotContain(run.Units, u => u.StartsDiscontinuity);
            Assert.Equal((0, 1), (run.Stats.SyncLosses, run.Stats.Timelines));
        }
    }

    [Fact]
    public void A_loss_is_counted_and_a_repeated_packet_is_not_one()
    {
        byte[] stream = Sample();
        int packet = stream.Length / 188 / 2;
        using DemuxRun lossy = new();
        lossy.Write([.. stream[..(packet * 188)], .. stream[((packet + 1) * 188)..]]);
        Assert.Equal(1, lossy.Stats.ContinuityErrors);
        using DemuxRun repeated = new();
        repeated.Write([.. stream[..(packet * 188)], .. stream[((packet - 1) * 188)..]]);
        Assert.Equal((0, 1), (repeated.Stats.ContinuityErrors, repeated.Stats.DuplicatePackets));
        Assert.Equal(Payloads(stream).Count, repeated.Units.Count);
    }

    [Fact]
    public void Flipped_bits_never_do_harm()
    {
        byte[] stream = Sample();
        var random = new Random(2);
        long idle = 0;
        for (int round = 0; round < 1_500; round++)
        {
            byte[] damaged = [.. stream];
            for (int flips = 1 << random.Next(10); flips > 0; flips--) { damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8)); }
            if (round % 3 == 0) { damaged = damaged[..random.Next(damaged.Length)]; }
            using (DemuxRun run = new() { AllowsParameterSets = true })
            {
                run.Write(damaged, 1 + random.Next(3_000));
                int units = run.UnitCount;
                run.Demuxer.Restart();
                run.Write(stream);
                Assert.InRange(run.UnitCount - units, SampleUnits - 2, SampleUnits);                    // good units afterwards
            }
            if (round == 1_000) { idle = BytePool.IdleBytes; }
        }
        Assert.Equal(idle, BytePool.IdleBytes);                                     // the pool gets back all that it gave
    }

    [Fact]
    public void Truncation_at_every_length()
    {
        byte[] stream = Sample()[..(188 * 60)];
        for (int length = 0; length < stream.Length; length += length < 188 * 8 ? 1 : 37)
        {
            using DemuxRun run = new();
            run.Write(stream.AsSpan(0, length));
        }
    }

    [Fact]
    public void Random_bytes_and_random_packets()
    {
        var random = new Random(3);
        byte[] sound = Sample();
        var noise = new byte[1_000_000];
        random.NextBytes(noise);
        using DemuxRun run = new();
        run.Write(noise);
        Assert.Equal(0, run.UnitCount);
        run.Write(sound.AsSpan(0, 188 * 40));
        for (int i = 0; i < 40_000; i++)
        {
            Span<byte> packet = noise.AsSpan(i % 5_000 * 188, 188);
            random.NextBytes(packet[..16]);
            packet[0] = 0x47;
            int[] pids = [0, TransportStreamBuilder.MapPid, TransportStreamBuilder.VideoPid, TransportStreamBuilder.AudioPid, random.Next(8192)];
            int pid = pids[i % 5];
            packet[1] = (byte)((packet[1] & 0x40) | (pid >> 8));
            packet[2] = (byte)pid;
            packet[3] &= 0x3F;
            run.Write(packet);
        }
        run.Demuxer.Restart();
        int before = run.UnitCount;
        run.Write(sound);
        Assert.InRange(run.UnitCount - before, SampleUnits - 2, SampleUnits);
    }

    [Fact]
    public void A_flood_of_changing_tables_is_bounded_in_log_and_memory()
    {
        var logger = new TimelineTests.CountingLogger();
        TransportStreamBuilder builder = new();
        for (int i = 0; i < 3_000; i++)
        {
            builder.Section(0, TransportStreamBuilder.ProgramAssociationSection(i & 31, (1 + i % 3, 0x20 + i % 5)));
            builder.Section(0x20 + i % 5, TransportStreamBuilder.ProgramMapSection(1 + i % 3, i & 31, 0x100, (StreamType.H264, 0x100 + i % 7, []), (StreamType.AacAdts, 0x200 + i % 11, []), (3, 0x300, [])));
        }
        byte[] flood = builder.ToArray();
        using DemuxRun run = new(logger: logger);
        run.Write(flood);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        run.Write(flood);
        long after = GC.GetTotalMemory(forceFullCollection: true);
        Assert.InRange(after - before, long.MinValue, 2_000_000);
        Assert.True(run.Stats.ProgramChanges > 1_000);
        Assert.InRange(logger.Lines.Count, 1, 100);
        Assert.Single(run.Layouts);
        run.Write(Sample());
        Assert.NotEmpty(run.Video);
    }

    [Fact]
    public void Tables_with_many_streams_and_sections()
    {
        (byte, int, byte[])[] streams = [.. Enumerable.Range(0, 200).Select(i => ((byte)0x06, 0x100 + i, Array.Empty<byte>()))];
        TransportStreamBuilder builder = new();
        (int, int)[] programs = [.. Enumerable.Range(0, 250).Select(i => (i, 0x1000 + i))];
        builder.Section(0, TransportStreamBuilder.ProgramAssociationSection(0, programs));
        builder.Section(0x1001, TransportStreamBuilder.ProgramMapSection(1, 0, 0x100, streams));
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.Equal(200, run.Stats.IgnoredStreams);
        Assert.Empty(run.Layouts);
    }

    [Fact]
    public void Empty_and_endless_units_are_dropped()
    {
        var options = new TransportStreamDemuxerOptions { LargestUnit = 200_000 };
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        for (int i = 0; i < 20; i++) { builder.VideoPes(i * Frame, -1, []).Pes(TransportStreamBuilder.AudioPid, 0xC0, i * Frame, -1, [], isBounded: true); }
        builder.VideoPes(20 * Frame, -1, Idr(400_000));
        for (int i = 21; i < 25; i++) { builder.VideoPes(i * Frame, -1, P(150_000)); }                  // bounded, and without a key frame nothing to keep
        builder.VideoPes(25 * Frame, -1, Unit([.. Enumerable.Range(0, 5_000).Select(_ => new byte[] { 0x06, 0x05, 0x80 })]));
        for (int i = 26; i < 40; i++) { builder.VideoPes(i * Frame, -1, i == 26 ? Idr() : P()); }
        using DemuxRun run = new(options);
        run.Write(builder.ToArray());
        Assert.True(run.Stats.BadPesPackets >= 1);
        Assert.StartsWith("KPPPPP", Letters(run.Video));
        Assert.Equal(26 * Frame, run.Video.First().Pts);
    }

    [Fact]
    public void A_picture_of_thousands_of_slices_is_dropped()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264Tables();
        byte[][] slices = [.. Enumerable.Range(0, 5_000).Select(i => Slice(0x41, "00110", 20, (byte)i, isFirst: false))];
        for (int i = 0; i < 10; i++) { builder.VideoPes(i * Frame, -1, i == 0 ? Idr() : i == 5 ? [.. P(), .. Unit(slices)] : P()); }
        using DemuxRun run = new();
        run.Write(builder.ToArray());
        Assert.Equal(1, run.Stats.Video.DroppedUnits);
        Assert.StartsWith("KPPPPPP", Letters(run.Video));
        Assert.DoesNotContain(run.Video, u => u.Pts == 5 * Frame);
    }

    [Fact]
    public void Scrambled_and_damaged_packets_are_dropped_and_counted()
    {
        byte[] stream = Sample();
        for (int i = 20; i < 30; i++) { stream[i * 188 + 1] |= 0x80; }
        for (int i = 40; i < 50; i++) { stream[i * 188 + 3] |= 0x80; }
        using DemuxRun run = new();
        run.Write(stream);
        Assert.Equal((10, 10), (run.Stats.DamagedPackets, run.Stats.ScrambledPackets));
        HashSet<string> sound = Payloads(Sample());
        Assert.All(run.Units, u => Assert.Contains(Convert.ToHexString(u.Payload), sound));
    }

    [Fact]
    public void Absurd_timestamps_throughout()
    {
        var random = new Random(4);
        for (int round = 0; round < 200; round++)
        {
            TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
            for (int i = 0; i < 60; i++)
            {
                long pts = random.Next(3) switch { 0 => random.NextInt64(1L << 33), 1 => i * Frame, _ => -1 };
                long dts = random.Next(3) == 0 ? random.NextInt64(1L << 33) : -1;
                builder.VideoPes(pts, pts < 0 ? -1 : dts, random.Next(6) == 0 ? Idr() : random.Next(2) == 0 ? P() : B(), pcr: random.NextInt64(1L << 33) * 300, discontinuity: random.Next(4) == 0);
                builder.AudioPes(random.Next(2) == 0 ? random.NextInt64(1L << 33) : i * Frame, [.. Adts(), .. Adts()]);
            }
            using DemuxRun run = new(new TransportStreamDemuxerOptions { VideoPatience = TimeSpan.FromSeconds(1), RefreshPatience = TimeSpan.FromSeconds(1) });
            run.Write(builder.ToArray());
            int before = run.UnitCount;
            run.Demuxer.Restart();
            run.Write(Sample());
            Assert.InRange(run.UnitCount - before, SampleUnits - 2, SampleUnits);
        }
    }

    [Fact]
    public void Reading_packets_allocates_nothing_beyond_the_units()
    {
        TransportStreamBuilder builder = new TransportStreamBuilder().H264AacTables();
        for (int i = 0; i < 20; i++) { builder.VideoPes(i * Frame, -1, i == 0 ? Idr() : P(100)); }
        byte[] start = builder.ToArray();
        for (int i = 20; i < 220; i++) { builder.VideoPes(i * Frame, -1, P(20_000)); }
        byte[] all = builder.ToArray();
        var handler = new UnitCounter();
        using TransportStreamDemuxer demuxer = new(handler, new(), NullLogger.Instance);
        int half = start.Length + (all.Length - start.Length) / 2 / 188 * 188;
        demuxer.Write(all.AsSpan(0, half), 1, DemuxRun.Start);
        demuxer.Flush();
        int units = handler.Units;
        long before = GC.GetAllocatedBytesForCurrentThread();
        demuxer.Write(all.AsSpan(half), 1, DemuxRun.Start);
        long perUnit = (GC.GetAllocatedBytesForCurrentThread() - before) / (handler.Units - units);
        Assert.InRange(perUnit, 1, 200);                                             // an AccessUnit and a MediaBuffer, for 109 packets each
    }

    private sealed class UnitCounter : IAccessUnitHandler
    {
        public int Units { get; private set; }

        public void OnLayout(FeedLayout layout)
        {
        }

        public void OnAccessUnit(AccessUnit unit) => Units++;
    }
}

/// <summary>Tests that watch the pool must be alone with it.</summary>
[CollectionDefinition(nameof(PoolAccounting), DisableParallelization = true)]
public sealed class PoolAccounting;
