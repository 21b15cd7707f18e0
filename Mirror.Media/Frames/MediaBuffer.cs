namespace Mirror.Media.Frames;

/// <summary>Pooled bytes shared by reference count: an access unit's payload or a part. Written by one owner, then read by many.</summary>
/// <remarks>
/// Starts with one reference, its creator's. Whoever keeps it longer than a call takes its own with <see cref="Retain"/>; the last
/// <see cref="Release"/> returns the bytes to <see cref="BytePool"/>. The wrapper itself is never reused, so a stale reference can
/// be told (<see cref="TryRetain"/> is false) from a live one. Counting is thread-safe; writing is not.
/// </remarks>
public sealed class MediaBuffer
{
    private byte[]? _array;
    private int _references = 1;

    private MediaBuffer(byte[] array, int length)
    {
        _array = array;
        Length = length;
    }

    /// <summary>Bytes in use, from the start of the array.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes that fit before <see cref="EnsureCapacity"/> must move them.</summary>
    public int Capacity => Array.Length;

    /// <summary>The bytes in use. Valid while the caller holds a reference.</summary>
    public ReadOnlyMemory<byte> Memory => Array.AsMemory(0, Length);

    /// <inheritdoc cref="Memory"/>
    public ReadOnlySpan<byte> Span => Array.AsSpan(0, Length);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(MediaBuffer));

    /// <summary>An empty buffer with room for <paramref name="capacity"/> bytes.</summary>
    public static MediaBuffer Rent(int capacity) => new(BytePool.Rent(capacity), 0);

    /// <summary>A buffer that holds a copy of <paramref name="bytes"/>.</summary>
    public static MediaBuffer CopyOf(ReadOnlySpan<byte> bytes)
    {
        MediaBuffer buffer = Rent(bytes.Length);
        buffer.Append(bytes);
        return buffer;
    }

    /// <summary>Copies <paramref name="bytes"/> to the end. For the owner, before the buffer is shared.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Advance(bytes.Length);
    }

    /// <summary>Room for at least <paramref name="sizeHint"/> bytes behind those in use; call <see cref="Advance"/> with what was written.</summary>
    public Span<byte> GetSpan(int sizeHint)
    {
        EnsureCapacity(Length + sizeHint);
        return Array.AsSpan(Length);
    }

    /// <summary>Counts <paramref name="count"/> bytes of the last <see cref="GetSpan"/> as in use.</summary>
    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, Array.Length - Length);
        Length += count;
    }

    /// <summary>The bytes in use, writable. For the owner, before the buffer is shared.</summary>
    public Span<byte> WritableSpan => Array.AsSpan(0, Length);

    /// <summary>Keeps the first <paramref name="length"/> bytes. For the owner, before the buffer is shared.</summary>
    public void Truncate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
    }

    /// <summary>Makes room for <paramref name="capacity"/> bytes in all, moving those in use if it must.</summary>
    public void EnsureCapacity(int capacity)
    {
        if (capacity <= Array.Length) { return; }
        byte[] larger = BytePool.Rent(Math.Max(capacity, (int)Math.Min(Array.Length * 3L / 2, System.Array.MaxLength)));
        Array.AsSpan(0, Length).CopyTo(larger);
        BytePool.Return(Array);
        _array = larger;
    }

    /// <summary>Takes a reference; the caller already holds one.</summary>
    /// <exception cref="ObjectDisposedException">No reference was left.</exception>
    public MediaBuffer Retain() => TryRetain() ? this : throw new ObjectDisposedException(nameof(MediaBuffer));

    /// <summary>Takes a reference if any is left: for readers that race with the last owner.</summary>
    public bool TryRetain()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int before = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (before == seen) { return true; }
            seen = before;
        }
        return false;
    }

    /// <summary>Gives a reference back. The bytes must not be touched through it again.</summary>
    /// <exception cref="InvalidOperationException">More releases than references: a bug.</exception>
    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left > 0) { return; }
        if (left < 0) { throw new InvalidOperationException("A media buffer was released more often than it was retained."); }
        byte[] array = Array;
        _array = null;
        BytePool.Return(array);
    }
}
