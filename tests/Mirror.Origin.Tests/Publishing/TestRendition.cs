using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.Origin.Tests.Publishing;

/// <summary>Publishes one rendition as a packager would: into the store first, then the announcement.</summary>
internal sealed class TestRendition(IAnnouncements announcements, ISegmentStore store, RenditionKey key, bool isVideo, TimeSpan partDuration, int partsPerSegment)
{
    public const uint Timescale = 90_000;
    public const long FirstMsn = 1200;
    private readonly Random _random = new(key.Rendition.Sum(letter => letter));        // the same in each process, as a hash code is not
    private long _offset;
    private bool _discontinuity;

    public RenditionKey Key => key;

    public long Msn { get; private set; } = FirstMsn;

    public int NextPart { get; private set; }

    public DateTime ProgramTime { get; set; } = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>Bytes of a part; by default some hundred.</summary>
    public int? PartLength { get; init; }

    /// <summary>All parts published, by number.</summary>
    public Dictionary<(long Msn, int Part), byte[]> Parts { get; } = [];

    public string InitName { get; private set; } = "";

    public Track Track => isVideo
        ? new VideoTrack { Id = 1, Codec = Codec.H264, CodecString = "avc1.640028", DecoderConfiguration = ReadOnlyMemory<byte>.Empty, Width = 1280, Height = 720, FrameRate = new Rational(30, 1), Captions = Captions }
        : new AudioTrack { Id = 2, Codec = Sound.Codec, CodecString = Sound.CodecString, DecoderConfiguration = ReadOnlyMemory<byte>.Empty, SampleRate = 48_000, Channels = Sound.Channels, Language = Language, Purpose = Purpose };

    public string? Language { get; init; }

    public AudioPurpose Purpose { get; init; }

    public CaptionServices? Captions { get; set; }

    public (Codec Codec, string CodecString, int Channels) Sound { get; init; } = (Codec.Aac, "mp4a.40.2", 2);

    private uint PartTicks => (uint)(partDuration.TotalSeconds * Timescale);

    public TestRendition Start(long? firstMsn = null, int targetDuration = 1, int discontinuities = 0)
    {
        Msn = firstMsn ?? Msn;
        NextPart = 0;
        _offset = 0;
        announcements.Publish(new RenditionStarted(key, isVideo, Timescale, targetDuration, partDuration, Msn) { FirstDiscontinuitySequence = discontinuities });
        return this;
    }

    public TestRendition Init(int version = 1)
    {
        InitName = $"init-{key.Rendition}-{version}.mp4";
        byte[] bytes = new byte[700 + version];
        new Random(version).NextBytes(bytes);
        store.PutInitAsync(key, InitName, bytes, default).AsTask().GetAwaiter().GetResult();
        announcements.Publish(new InitReady(key, InitName, bytes.Length, Track));
        return this;
    }

    public TestRendition Discontinuity()
    {
        _discontinuity = true;
        return this;
    }

    /// <summary>Publishes the next part; the last of a segment ends it.</summary>
    public TestRendition Part(bool? ends = null, bool? independent = null)
    {
        byte[] bytes = new byte[PartLength ?? 200 + _random.Next(800)];
        _random.NextBytes(bytes);
        MediaBuffer buffer = MediaBuffer.CopyOf(bytes);
        store.AppendPartAsync(new SegmentKey(key, Msn), NextPart, buffer, default).AsTask().GetAwaiter().GetResult();
        buffer.Release();
        Parts[(Msn, NextPart)] = bytes;
        bool endsSegment = ends ?? NextPart == partsPerSegment - 1;
        announcements.Publish(new PartReady(key, Msn, NextPart, PartTicks, _offset, bytes.Length, independent ?? (!isVideo || NextPart == 0),
            endsSegment, _discontinuity && NextPart == 0, ProgramTime, 0));
        _offset += bytes.Length;
        Advance(endsSegment);
        return this;
    }

    public TestRendition Missing(bool? ends = null)
    {
        bool endsSegment = ends ?? NextPart == partsPerSegment - 1;
        announcements.Publish(new PartMissing(key, Msn, NextPart, PartTicks, endsSegment, ProgramTime) { StartsDiscontinuity = _discontinuity && NextPart == 0 });
        Advance(endsSegment);
        return this;
    }

    /// <summary>Ends the open segment after the fact.</summary>
    public TestRendition Close()
    {
        announcements.Publish(new SegmentClosed(key, Msn));
        Msn++;
        NextPart = 0;
        _offset = 0;
        return this;
    }

    public TestRendition End()
    {
        announcements.Publish(new RenditionEnded(key));
        if (NextPart > 0) { Msn++; }
        NextPart = 0;
        _offset = 0;
        return this;
    }

    /// <summary>Publishes whole segments.</summary>
    public TestRendition Segments(int count)
    {
        for (int i = 0; i < count; i++)
        {
            do { Part(); }
            while (NextPart > 0);
        }
        return this;
    }

    /// <summary>The bytes of a whole segment.</summary>
    public byte[] SegmentBytes(long msn) => [.. Parts.Where(part => part.Key.Msn == msn).OrderBy(part => part.Key.Part).SelectMany(part => part.Value)];

    private void Advance(bool endsSegment)
    {
        ProgramTime += partDuration;
        _discontinuity = false;
        NextPart++;
        if (!endsSegment) { return; }
        Msn++;
        NextPart = 0;
        _offset = 0;
    }
}
