using System.Diagnostics.CodeAnalysis;
using Mirror.Media.Frames;
using Mirror.Streams.Store;

namespace Mirror.Streams.Announcements;

/// <summary>Parts that came with their announcements, bounded in bytes, the oldest going first: whoever reads one need not ask the store.</summary>
public sealed class RecentParts
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(SegmentKey Segment, long Offset), MediaBuffer> _parts = [];
    private readonly Queue<(SegmentKey Segment, long Offset)> _order = new();
    private readonly long _capacity;
    private long _bytes;

    /// <param name="capacity">Bytes at most.</param>
    public RecentParts(long capacity) => _capacity = capacity;

    /// <summary>Bytes that it holds.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Keeps a part that came with its announcement; takes its own reference.</summary>
    public void Add(PartReady part)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (part.Bytes is not { } bytes || bytes.Length > _capacity) { return; }
        var key = (new SegmentKey(part.Rendition, part.Msn), part.Offset);
        lock (_lock)
        {
            if (_parts.ContainsKey(key)) { return; }
            _parts[key] = bytes.Retain();
            _order.Enqueue(key);
            _bytes += bytes.Length;
            while (_bytes > _capacity && _order.TryDequeue(out (SegmentKey, long) oldest) && _parts.Remove(oldest, out MediaBuffer? dropped))
            {
                _bytes -= dropped.Length;
                dropped.Release();
            }
        }
    }

    /// <summary>A range of a segment, where all parts that make it up are here; the caller owns one reference.</summary>
    /// <remarks>One part is shared; of several, such as a whole segment, a copy is made.</remarks>
    public bool TryRetain(SegmentKey segment, long offset, int length, [NotNullWhen(true)] out MediaBuffer? bytes)
    {
        bytes = null;
        List<MediaBuffer> parts;
        long missing = length;
        lock (_lock)
        {
            if (!_parts.TryGetValue((segment, offset), out MediaBuffer? part)) { return false; }
            if (part.Length == length)
            {
                bytes = part.Retain();
                return true;
            }
            parts = [];
            do
            {
                if (part.Length == 0 || part.Length > missing) { break; }
                parts.Add(part.Retain());
                missing -= part.Length;
            }
            while (_parts.TryGetValue((segment, offset + length - missing), out part));
        }
        if (missing == 0 && parts.Count > 0)
        {
            bytes = MediaBuffer.Rent(length);
            foreach (MediaBuffer part in parts) { bytes.Append(part.Span); }
        }
        foreach (MediaBuffer part in parts) { part.Release(); }
        return bytes is not null;
    }
}
