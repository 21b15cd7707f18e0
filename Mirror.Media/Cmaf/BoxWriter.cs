using System.Buffers.Binary;
using System.Text;

namespace Mirror.Media.Cmaf;

/// <summary>Writes nested boxes (ISO/IEC 14496-12 §4.2) whose sizes are filled in when they end. For initialization segments, which are small and rare.</summary>
internal sealed class BoxWriter
{
    private const int HeaderLength = 8;                      // size(32) type(32)
    private const int InitialCapacity = 1024;
    private readonly Stack<int> _open = new();
    private byte[] _bytes = new byte[InitialCapacity];
    private int _length;

    public byte[] ToArray() => _open.Count == 0 ? _bytes.AsSpan(0, _length).ToArray() : throw new InvalidOperationException("A box is still open.");

    public void Begin(ReadOnlySpan<byte> type)
    {
        _open.Push(_length);
        Span<byte> header = Take(HeaderLength);
        type.CopyTo(header[4..]);
    }

    public void BeginFull(ReadOnlySpan<byte> type, byte version = 0, uint flags = 0)
    {
        Begin(type);
        UInt32((uint)version << 24 | flags);
    }

    public void End()
    {
        int start = _open.Pop();
        BinaryPrimitives.WriteUInt32BigEndian(_bytes.AsSpan(start), (uint)(_length - start));
    }

    public void Byte(int value) => Take(1)[0] = (byte)value;

    public void UInt16(int value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), (ushort)value);

    public void UInt24(int value)
    {
        Byte(value >> 16);
        UInt16(value & 0xFFFF);
    }

    public void UInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(Take(value.Length));

    public void Text(string value)
    {
        Bytes(Encoding.UTF8.GetBytes(value));
        Byte(0);
    }

    public void Zero(int count) => Take(count).Clear();

    private Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length) { Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count)); }
        Span<byte> span = _bytes.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
