using System.Globalization;
using System.Text;

namespace Mirror.Media.Tests.Cmaf;

/// <summary>Big-endian fields of a box, one after the other.</summary>
internal ref struct BoxReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _bytes = bytes;

    public int Version { get; set; }

    public uint Flags { get; set; }

    public readonly int Left => _bytes.Length;

    public readonly bool IsAtEnd => _bytes.IsEmpty;

    public uint U8() => (uint)Number(1);

    public uint U16() => (uint)Number(2);

    public uint U24() => (uint)Number(3);

    public uint U32() => (uint)Number(4);

    public ulong U64() => Number(8);

    /// <summary>An 8.8 number.</summary>
    public string Fixed8() => (U16() / 256.0).ToString(CultureInfo.InvariantCulture);

    /// <summary>A 16.16 number.</summary>
    public string Fixed16() => (U32() / 65_536.0).ToString(CultureInfo.InvariantCulture);

    public string Text(int length) => Encoding.UTF8.GetString(Take(length));

    public ReadOnlySpan<byte> Take(int length)
    {
        if ((uint)length > (uint)_bytes.Length) { throw new InvalidDataException($"{length} bytes are wanted where {_bytes.Length} are."); }
        ReadOnlySpan<byte> taken = _bytes[..length];
        _bytes = _bytes[length..];
        return taken;
    }

    /// <summary>All that is left, for a reader of its own.</summary>
    public BoxReader Rest() => new(Take(Left));

    private ulong Number(int length)
    {
        ulong value = 0;
        foreach (byte b in Take(length)) { value = value << 8 | b; }
        return value;
    }
}
