using Mirror.Media.Frames;

namespace Mirror.Streams.Store;

/// <summary>One segment of <see cref="LocalSegmentStore"/>: its parts in memory, or its file. Locks itself.</summary>
internal sealed class StoredSegment(SegmentKey key, DateTime createdAt)
{
    private readonly Lock _lock = new();
    private List<MediaBuffer>? _parts = [];

    public SegmentKey Key { get; } = key;

    public DateTime CreatedAt { get; } = createdAt;

    /// <summary>The file that holds it; <see langword="null"/> while it is in memory.</summary>
    public string? File { get; private set; }

    public long Length { get; private set; }

    public bool IsComplete { get; set; }

    /// <returns>Where the part begins.</returns>
    public long Append(MediaBuffer part)
    {
        lock (_lock)
        {
            if (_parts is null || IsComplete) { throw new InvalidOperationException($"Segment {Key.Msn} of {Key.Rendition.StreamId}/{Key.Rendition.Rendition} takes no more parts."); }
            // A part that was lost before the store leaves a hole in the numbers, and none in the bytes.
            _parts.Add(part.Retain());
            Length += part.Length;
            return Length - part.Length;
        }
    }

    /// <summary>The bytes of a range, if they are in memory: a part itself where the range is exactly that, or else a copy.</summary>
    public MediaBuffer? TryRead(long offset, int length)
    {
        lock (_lock)
        {
            if (_parts is null || offset > Length - length) { return null; }
            long start = 0;
            foreach (MediaBuffer part in _parts)
            {
                if (start == offset && part.Length == length) { return part.Retain(); }
                start += part.Length;
            }
            return CopyRange(offset, length);
        }
    }

    /// <summary>References to all parts, for writing them to a file. The caller releases each.</summary>
    public MediaBuffer[] RetainParts()
    {
        lock (_lock) { return _parts is null ? [] : [.. _parts.Select(part => part.Retain())]; }
    }

    /// <summary>Frees the parts: the segment is in <paramref name="file"/> from now on, or gone if that is <see langword="null"/>.</summary>
    public void MoveTo(string? file)
    {
        lock (_lock)
        {
            File = file;
            foreach (MediaBuffer part in _parts ?? []) { part.Release(); }
            _parts = null;
        }
    }

    private MediaBuffer CopyRange(long offset, int length)
    {
        MediaBuffer copy = MediaBuffer.Rent(length);
        long start = 0;
        foreach (MediaBuffer part in _parts!)
        {
            long from = Math.Max(offset, start);
            long to = Math.Min(offset + length, start + part.Length);
            if (from < to) { copy.Append(part.Span[(int)(from - start)..(int)(to - start)]); }
            start += part.Length;
        }
        return copy;
    }
}
