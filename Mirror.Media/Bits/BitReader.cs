using System.Buffers.Binary;
using System.Numerics;

namespace Mirror.Media.Bits;

/// <summary>Reads syntax elements from bytes, most significant bit first: u(n) and Exp-Golomb codes (H.264 §7.2 and §9.1, H.265 §9.2).</summary>
/// <remarks>
/// Never throws on short input: reading past the end gives zero and sets <see cref="Overrun"/>, which a parser checks once at its end.
/// NAL units are read from their RBSP, see <see cref="Rbsp"/>.
/// </remarks>
public ref struct BitReader
{
    private const int MostZeros = 31;           // of an Exp-Golomb prefix: the value then still fits 32 bits
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly long _end;
    private long _position;

    /// <summary>Reads <paramref name="bytes"/> from their first bit.</summary>
    public BitReader(ReadOnlySpan<byte> bytes)
    {
        _bytes = bytes;
        _end = bytes.Length * 8L;
        _position = 0;
        Overrun = false;
    }

    /// <summary>Whether more was read than there is; every value since is zero.</summary>
    public bool Overrun { get; private set; }

    /// <summary>Bits read so far.</summary>
    public readonly long Position => _position;

    /// <summary>Bits not yet read.</summary>
    public readonly long BitsLeft => _end - _position;

    /// <summary>u(n), with <paramref name="count"/> in [0, 32].</summary>
    public uint ReadBits(int count)
    {
        if (count > BitsLeft)
        {
            Overrun = true;
            _position = _end;
            return 0;
        }
        if (count == 0) { return 0; }
        uint value = (uint)(Peek() >> (64 - count));
        _position += count;
        return value;
    }

    /// <summary>u(1).</summary>
    public bool ReadFlag() => ReadBits(1) != 0;

    /// <summary>u(n) for <paramref name="count"/> in [0, 64].</summary>
    public ulong ReadLong(int count) => count <= 32 ? ReadBits(count) : ((ulong)ReadBits(count - 32) << 32) | ReadBits(32);

    /// <summary>Passes over <paramref name="count"/> bits.</summary>
    public void Skip(long count)
    {
        Overrun |= count > BitsLeft;
        _position = Math.Min(_end, _position + count);
    }

    /// <summary>ue(v): unsigned Exp-Golomb, at most 2^32 - 2.</summary>
    public uint ReadUe()
    {
        int zeros = BitOperations.LeadingZeroCount(Peek());
        if (zeros > MostZeros || zeros >= BitsLeft)
        {
            Overrun = true;
            _position = _end;
            return 0;
        }
        _position += zeros;
        uint code = ReadBits(zeros + 1);
        return Overrun ? 0 : code - 1;
    }

    /// <summary>se(v): signed Exp-Golomb.</summary>
    public int ReadSe()
    {
        uint code = ReadUe();
        return (code & 1) != 0 ? (int)((code >> 1) + 1) : -(int)(code >> 1);
    }

    /// <summary>Moves to the next byte boundary.</summary>
    public void AlignToByte() => _position = Math.Min(_end, (_position + 7) & ~7L);

    /// <summary>The next 57 or more bits at the top of a word, zeros behind the end.</summary>
    private readonly ulong Peek()
    {
        int index = (int)(_position >> 3);
        ReadOnlySpan<byte> rest = _bytes[index..];
        ulong word = 0;
        if (rest.Length >= 8) { word = BinaryPrimitives.ReadUInt64BigEndian(rest); }
        else
        {
            for (int i = 0; i < rest.Length; i++) { word |= (ulong)rest[i] << (56 - 8 * i); }
        }
        return word << (int)(_position & 7);
    }
}
