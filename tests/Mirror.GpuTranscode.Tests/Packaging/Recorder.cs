using System.Buffers.Binary;
using Mirror.Media.Frames;
using Mirror.Streams.Announcements;
using Mirror.Streams.Store;

namespace Mirror.GpuTranscode.Tests.Packaging;

/// <summary>Keeps everything that a packager publishes, with the samples read back from its bytes. Threads may write; what is read must have ended.</summary>
internal sealed class Recorder : ISegmentStore, IAnnouncements
{
    private readonly Dictionary<(SegmentKey, int), byte[]> _parts = [];

    public List<Announcement> Announcements { get; } = [];

    public Dictionary<string, byte[]> Inits { get; } = [];

    public IEnumerable<PartReady> Parts(string rendition) => Announcements.OfType<PartReady>().Where(part => part.Rendition.Rendition == rendition);

    public RenditionStarted Started(string rendition) => Announcements.OfType<RenditionStarted>().Single(started => started.Rendition.Rendition == rendition);

    /// <summary>Every sample written to a rendition, as the file's reader sees it.</summary>
    public List<ReadSample> Samples(string rendition)
        => [.. Parts(rendition).SelectMany(part => ReadChunk(_parts[(new SegmentKey(part.Rendition, part.Msn), part.PartIndex)]))];

    /// <summary>Segments: their parts, and how each ended.</summary>
    public List<List<PartReady>> Segments(string rendition) => [.. Parts(rendition).GroupBy(part => part.Msn).Select(group => group.ToList())];

    public bool AnswersAtOnce => true;

    public ValueTask PutInitAsync(RenditionKey rendition, string name, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        lock (_parts) { Inits[name] = bytes.ToArray(); }
        return ValueTask.CompletedTask;
    }

    public ValueTask<long> AppendPartAsync(SegmentKey segment, int partIndex, MediaBuffer part, CancellationToken cancellationToken)
    {
        lock (_parts)
        {
            long offset = _parts.Where(stored => stored.Key.Item1 == segment).Sum(stored => (long)stored.Value.Length);
            _parts.Add((segment, partIndex), part.Span.ToArray());
            return ValueTask.FromResult(offset);
        }
    }

    public ValueTask CompleteSegmentAsync(SegmentKey segment, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<MediaBuffer?> ReadInitAsync(RenditionKey rendition, string name, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<MediaBuffer?> ReadAsync(SegmentKey segment, long offset, int length, CancellationToken cancellationToken) => throw new NotSupportedException();

    public void Publish(Announcement announcement)
    {
        lock (_parts) { Announcements.Add(announcement); }
    }

    public IDisposable Subscribe(Action<Announcement> handler) => throw new NotSupportedException();

    public ValueTask<StreamPosition> FindPositionAsync(string streamId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public event Action<string, long>? Fenced { add { } remove { } }

    /// <summary>Reads moof and mdat by ISO/IEC 14496-12, independently of the writer.</summary>
    private static List<ReadSample> ReadChunk(byte[] chunk)
    {
        ReadOnlySpan<byte> moof = Box(chunk, "moof");
        ReadOnlySpan<byte> traf = Box(moof[8..], "traf");
        ReadOnlySpan<byte> tfhd = Box(traf[8..], "tfhd");
        ReadOnlySpan<byte> tfdt = Box(traf[8..], "tfdt");
        ReadOnlySpan<byte> trun = Box(traf[8..], "trun");
        ReadOnlySpan<byte> mdat = Box(chunk, "mdat");
        uint defaultDuration = U32(tfhd[16..]);
        uint defaultFlags = U32(tfhd[20..]);
        long decode = BinaryPrimitives.ReadInt64BigEndian(tfdt[12..]);
        uint flags = U32(trun[8..]) & 0xFFFFFF;
        int count = (int)U32(trun[12..]);
        Assert.Equal((uint)moof.Length + 8, U32(trun[16..]));
        int at = 20;
        int payload = 8;
        var samples = new List<ReadSample>();
        for (int i = 0; i < count; i++)
        {
            uint duration = defaultDuration;
            if ((flags & 0x100) != 0) { duration = U32(trun[at..]); at += 4; }
            int size = (int)U32(trun[at..]);
            at += 4;
            uint sampleFlags = defaultFlags;
            if ((flags & 0x400) != 0) { sampleFlags = U32(trun[at..]); at += 4; }
            int offset = 0;
            if ((flags & 0x800) != 0) { offset = (int)U32(trun[at..]); at += 4; }
            samples.Add(new ReadSample(decode, decode + offset, duration, (sampleFlags & 0x10000) == 0, mdat.Slice(payload, size).ToArray()));
            decode += duration;
            payload += size;
        }
        Assert.Equal(trun.Length, at);
        Assert.Equal(mdat.Length, payload);
        return samples;
    }

    private static ReadOnlySpan<byte> Box(ReadOnlySpan<byte> bytes, string type)
    {
        while (bytes.Length >= 8)
        {
            int size = (int)U32(bytes);
            if (System.Text.Encoding.ASCII.GetString(bytes.Slice(4, 4)) == type) { return bytes[..size]; }
            bytes = bytes[size..];
        }
        throw new InvalidDataException($"There is no {type}.");
    }

    private static uint U32(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32BigEndian(bytes);
}

internal sealed record ReadSample(long Decode, long Presentation, uint Duration, bool IsSync, byte[] Bytes);
