using Mirror.Media.Frames;

namespace Mirror.Streams.Store;

/// <summary>Parts one after the other as a stream, without a copy. Borrows them.</summary>
internal sealed class PartsStream(IReadOnlyList<MediaBuffer> parts) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; } = parts.Sum(part => (long)part.Length);

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        int filled = 0;
        long start = 0;
        foreach (MediaBuffer part in parts)
        {
            if (filled == buffer.Length) { break; }
            long from = _position - start;
            if (from < part.Length)
            {
                int count = Math.Min(part.Length - (int)from, buffer.Length - filled);
                part.Span.Slice((int)from, count).CopyTo(buffer[filled..]);
                filled += count;
                _position += count;
            }
            start += part.Length;
        }
        return filled;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => Task.FromResult(Read(buffer, offset, count));

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => Length + offset,
    };

    public override void Flush() { }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
