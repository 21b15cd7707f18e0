using System.Text;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;

namespace Mirror.GpuTranscode.Tests.Workers;

/// <summary>The messages between node and worker, as bytes.</summary>
public sealed class WorkerProtocolTests
{
    private static readonly VideoTrack Track = new()
    {
        Id = 1,
        Codec = Codec.H264,
        DecoderConfiguration = new byte[] { 1, 100, 0, 31 },
        CodecString = "avc1.64001f",
        Width = 1920,
        Height = 1080,
        FrameRate = new Rational(30_000, 1001),
        Colour = new ColourDescription(1, 1, 1, true),
        ReorderDepth = 2,
        SampleAspectRatio = new Rational(4, 3),
    };

    [Fact]
    public void Messages_come_out_as_they_went_in()
    {
        List<(WorkerMessageType Type, byte[] Fields, byte[] Payload)> read = Read(Stream(), int.MaxValue);
        Assert.Equal(
            [WorkerMessageType.Configure, WorkerMessageType.Unit, WorkerMessageType.Unit, WorkerMessageType.Frame, WorkerMessageType.Drain, WorkerMessageType.Stats,
                WorkerMessageType.Snapshot, WorkerMessageType.Still, WorkerMessageType.Fatal],
            read.Select(message => message.Type));
        Assert.Equal(Unit, WorkerUnit.Read(read[1].Fields));
        Assert.Equal(Payload(20_000), read[1].Payload);
        Assert.Empty(read[2].Payload);
        Assert.Equal(Frame, WorkerFrame.Read(read[3].Fields));
        Assert.Equal(Stats, WorkerStats.Read(read[5].Fields));
        Assert.Equal("cpu", WorkerStats.Read(read[5].Fields).DeviceName);
        Assert.Equal("no memory", Encoding.UTF8.GetString(read[8].Payload));
    }

    [Fact]
    public void A_configuration_keeps_its_values()
    {
        WorkerConfiguration sent = Configuration();
        byte[] payload = Read(WorkerProtocol.WriteConfigure(sent), int.MaxValue).Single().Payload;
        WorkerConfiguration received = WorkerProtocol.ReadJson(payload, WorkerJson.Default.WorkerConfiguration)!;
        Assert.Equal(sent with { Source = received.Source, Rungs = received.Rungs, ResumeAfter = received.ResumeAfter }, received);
        Assert.True(sent.Source.SameFormatAs(received.Source));
        Assert.Equal(sent.Source with { DecoderConfiguration = default }, received.Source with { DecoderConfiguration = default });
        Assert.Equal(sent.Rungs, received.Rungs);
        Assert.Equal(sent.ResumeAfter, received.ResumeAfter);
    }

    [Fact]
    public void A_configuration_of_sound_keeps_its_values()
    {
        var sent = new AudioConfiguration
        {
            Sound = 3,
            Source = new AudioTrack { Id = 2, Codec = Codec.Ac3, CodecString = "ac-3", DecoderConfiguration = new byte[] { 1, 2, 3 }, SampleRate = 44_100, Channels = 6 },
            Plan = new AudioPlan { Bitrate = 64_000, Channels = 2, SampleRate = 48_000 },
            ResumeAfter = new AudioResumePoint(3, -1_024),
        };
        byte[] payload = Read(WorkerProtocol.WriteConfigureAudio(sent), int.MaxValue).Single().Payload;
        AudioConfiguration received = WorkerProtocol.ReadJson(payload, WorkerJson.Default.AudioConfiguration)!;
        Assert.Equal(sent with { Source = received.Source }, received);
        Assert.True(sent.Source.SameFormatAs(received.Source));
    }

    [Fact]
    public void An_audio_frame_keeps_its_fields()
    {
        var sent = new WorkerAudio(3, 7, -90_000, 123_456_789);
        byte[] fields = new byte[WorkerProtocol.AudioFieldsLength];
        sent.WriteTo(fields);
        Assert.Equal(sent, WorkerAudio.Read(fields));
        (WorkerMessageType type, byte[] _, byte[] payload) = Read(WorkerProtocol.Write(WorkerMessageType.Audio, fields, [1, 2]), int.MaxValue).Single();
        Assert.Equal(WorkerMessageType.Audio, type);
        Assert.Equal([1, 2], payload);
    }

    [Fact]
    public void A_still_keeps_its_track_and_unit()
    {
        byte[] payload = Read(WorkerProtocol.WriteStill(7, Track, [1, 2, 3]), int.MaxValue).Single().Payload;
        Assert.True(WorkerProtocol.TryReadStill(payload, out VideoTrack? track, out ReadOnlySpan<byte> unit));
        Assert.True(Track.SameFormatAs(track));
        Assert.Equal([1, 2, 3], unit.ToArray());
        for (int length = 0; length < payload.Length - 3; length++)
        {
            Assert.False(WorkerProtocol.TryReadStill(payload.AsSpan(0, length), out _, out _));
        }
    }

    [Fact]
    public void A_split_at_any_byte_changes_nothing()
    {
        byte[] stream = Stream(largest: 200);
        string whole = Describe(Read(stream, int.MaxValue));
        Assert.Equal(whole, Describe(Read(stream, 1)));
        for (int split = 1; split < stream.Length; split++) { Assert.Equal(whole, Describe(Read(stream, int.MaxValue, split))); }
    }

    [Fact]
    public void A_stream_cut_at_any_byte_gives_the_messages_before_the_cut()
    {
        byte[] stream = Stream(largest: 200);
        List<(WorkerMessageType, byte[], byte[])> whole = Read(stream, int.MaxValue);
        for (int length = 0; length < stream.Length; length++)
        {
            List<(WorkerMessageType, byte[], byte[])> read = Read(stream[..length], int.MaxValue);
            Assert.True(read.Count < whole.Count);
            Assert.Equal(Describe(whole[..read.Count]), Describe(read));
        }
    }

    [Fact]
    public void Mutated_bytes_are_read_or_refused_and_nothing_is_kept()
    {
        byte[] stream = Stream(largest: 200);
        var random = new Random(42);
        int refused = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] mutated = [.. stream];
            for (int change = random.Next(1, 6); change > 0; change--) { mutated[random.Next(mutated.Length)] = (byte)random.Next(256); }
            using var reader = new WorkerMessageReader();
            Feed(reader, mutated, random.Next(1, 600), message =>
            {
                // What a message means is read without harm, whatever is in it.
                _ = WorkerProtocol.ReadJson(message.Payload.Span, WorkerJson.Default.WorkerConfiguration);
                if (message.Type == WorkerMessageType.Still) { WorkerProtocol.TryReadStill(message.Payload.Span, out _, out _); }
                if (message.Type == WorkerMessageType.Stats) { Assert.InRange(WorkerStats.Read(message.Fields).SkipLevel, 0, LagController.MostLevels); }
                Assert.True(message.Payload.Length <= 16 * 1024 * 1024);
            });
            if (reader.IsCorrupt) { refused++; }
        }
        Assert.InRange(refused, 1000, 19_999);
    }

    public static TheoryData<string> BadHeaderNames => new(BadHeaders.Keys);

    private static readonly Dictionary<string, byte[]> BadHeaders = new()
    {
        ["an unknown type"] = [0, 0, 0, 0, 99, 0, 0x4D, 0x57],
        ["another mark"] = [8, 0, 0, 0, 3, 0, 0, 0],
        ["a body shorter than the fields"] = [7, 0, 0, 0, 3, 0, 0x4D, 0x57],
        ["a negative length"] = [255, 255, 255, 255, 2, 0, 0x4D, 0x57],
        ["a unit that is too large"] = [0, 0, 0, 0x7F, 2, 0, 0x4D, 0x57],
        ["a payload where there is none"] = [9, 0, 0, 0, 3, 0, 0x4D, 0x57],
    };

    [Theory, MemberData(nameof(BadHeaderNames))]
    public void A_header_is_refused_that_holds(string name)
    {
        using var reader = new WorkerMessageReader();
        Feed(reader, [.. BadHeaders[name], .. new byte[100]], int.MaxValue, _ => Assert.Fail("It was read."));
        Assert.True(reader.IsCorrupt);
    }

    private static readonly WorkerUnit Unit = new(3, StartsSegment: true, FollowsGap: true, 900_000, 890_000, 123_456_789);
    private static readonly WorkerFrame Frame = new(2, 3, IsKey: true, -5, -10, 123_456_789);
    private static readonly WorkerStats Stats = new()
    {
        DoneSequence = 1,
        Phase = WorkerPhase.Draining,
        SkipLevel = 2,
        LagMicroseconds = 3,
        FramesDecoded = 4,
        FramesEncoded = 5,
        FramesDropped = 6,
        Errors = 7,
        DecodeTicks = 8,
        ScaleTicks = 9,
        EncodeTicks = 10,
        FramesScaled = 11,
        DeviceName = "cpu",
        AudioErrors = 12,
        AudioFilledMilliseconds = 13,
    };

    private static WorkerConfiguration Configuration() => new()
    {
        Generation = 3,
        Source = Track,
        Rungs =
        [
            new RungPlan
            {
                Name = "360p", Width = 640, Height = 360, Bitrate = 400_000, PeakBitrate = 450_000, BufferSize = 800_000, Preset = "veryfast", Profile = "high", References = 1,
                LargestFrameRate = new Rational(30, 1), KeyFrameInterval = TimeSpan.FromSeconds(1),
            },
        ],
        ResumeAfter = [new ResumePoint(2, 90_000)],
        Settings = new TranscoderSettings { Device = TranscodeDevice.GpuDecode, EncoderThreads = 2, AllowSoftwareFallback = false },
    };

    private static byte[] Stream(int largest = 20_000)
    {
        byte[] unit = new byte[WorkerProtocol.UnitFieldsLength];
        byte[] frame = new byte[WorkerProtocol.FrameFieldsLength];
        byte[] stats = new byte[WorkerStats.Length];
        Unit.WriteTo(unit);
        Frame.WriteTo(frame);
        Stats.WriteTo(stats);
        return
        [
            .. WorkerProtocol.WriteConfigure(Configuration()), .. WorkerProtocol.Write(WorkerMessageType.Unit, unit, Payload(largest)),
            .. WorkerProtocol.Write(WorkerMessageType.Unit, unit, []), .. WorkerProtocol.Write(WorkerMessageType.Frame, frame, Payload(largest / 2)),
            .. WorkerProtocol.WriteDrain(8), .. WorkerProtocol.Write(WorkerMessageType.Stats, stats, []), .. WorkerProtocol.WriteSnapshot(1, 640),
            .. WorkerProtocol.WriteStill(2, Track, Payload(100)), .. WorkerProtocol.Write(WorkerMessageType.Fatal, [], "no memory"u8),
        ];
    }

    private static byte[] Payload(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i * 7))];

    private static List<(WorkerMessageType Type, byte[] Fields, byte[] Payload)> Read(byte[] stream, int piece, int split = 0)
    {
        var messages = new List<(WorkerMessageType, byte[], byte[])>();
        using var reader = new WorkerMessageReader();
        Take take = message => messages.Add((message.Type, message.Fields.ToArray(), message.Payload.Span.ToArray()));
        Feed(reader, stream[..split], piece, take);
        Feed(reader, stream[split..], piece, take);
        Assert.False(reader.IsCorrupt);
        return messages;
    }

    private static void Feed(WorkerMessageReader reader, byte[] bytes, int piece, Take take)
    {
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty && !reader.IsCorrupt)
        {
            Memory<byte> memory = reader.GetMemory();
            int count = Math.Min(Math.Min(memory.Length, rest.Length), piece);
            Assert.NotEqual(0, count);
            rest[..count].CopyTo(memory.Span);
            rest = rest[count..];
            reader.Advance(count);
            while (reader.TryRead(out WorkerMessage message))
            {
                take(message);
                message.Payload.Release();
            }
        }
    }

    private static string Describe(IEnumerable<(WorkerMessageType Type, byte[] Fields, byte[] Payload)> messages)
        => string.Join('\n', messages.Select(message => $"{message.Type} {Convert.ToHexString(message.Fields)} {Convert.ToHexString(message.Payload)}"));

    private delegate void Take(WorkerMessage message);
}
