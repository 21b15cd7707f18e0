namespace Mirror.Media.Codecs.Av1;

/// <summary>A view over one open bitstream unit (AV1 §5.3). Borrows the bytes; copies nothing.</summary>
public readonly ref struct Av1Obu
{   //  forbidden(1) type(4) extension(1) has_size(1) reserved(1) | temporal_id(3) spatial_id(2) reserved(3) ? | size leb128 ? | payload

    /// <summary>Most bytes that <see cref="WriteTo"/> puts before the payload.</summary>
    public const int LargestHeader = 2 + LargestSizeLength;

    private const int LargestSizeLength = 5;                 // of sizes below 2^32 (§4.10.5), at seven bits a byte
    private const byte ForbiddenBit = 0x80;
    private const byte ExtensionFlag = 0x04;
    private const byte HasSizeField = 0x02;
    private readonly byte _header;
    private readonly byte _extension;

    private Av1Obu(byte header, byte extension, ReadOnlySpan<byte> payload)
    {
        _header = header;
        _extension = extension;
        Payload = payload;
    }

    /// <summary>obu_type; values without a name are reserved, and kept.</summary>
    public Av1ObuType Type => (Av1ObuType)((_header >> 3) & 0x0F);

    /// <summary>temporal_id, in [0, 7].</summary>
    public int TemporalId => _extension >> 5;

    /// <summary>spatial_id, in [0, 3]; 0 is the base layer.</summary>
    public int SpatialId => (_extension >> 3) & 3;

    /// <summary>What stands behind the header and the size.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Bytes that <see cref="WriteTo"/> writes.</summary>
    public int WrittenLength => HeaderLength + SizeLength((uint)Payload.Length) + Payload.Length;

    private int HeaderLength => (_header & ExtensionFlag) != 0 ? 2 : 1;

    /// <summary>Reads the unit at the start of <paramref name="bytes"/> and moves past it. One without a size takes all that is left.</summary>
    /// <returns><see langword="false"/> at the end, and where there is no unit or its size overflows the bytes.</returns>
    public static bool TryRead(scoped ref ReadOnlySpan<byte> bytes, out Av1Obu obu)
    {
        obu = default;
        if (bytes.IsEmpty || (bytes[0] & ForbiddenBit) != 0) { return false; }
        byte header = bytes[0];
        int position = 1;
        byte extension = 0;
        if ((header & ExtensionFlag) != 0)
        {
            if (bytes.Length < 2) { return false; }
            extension = bytes[position++];
        }
        long size = bytes.Length - position;
        if ((header & HasSizeField) != 0)
        {
            if (!TryReadSize(bytes[position..], out size, out int length)) { return false; }
            position += length;
            if (size > bytes.Length - position) { return false; }
        }
        obu = new Av1Obu(header, extension, bytes.Slice(position, (int)size));
        bytes = bytes[(position + (int)size)..];
        return true;
    }

    /// <summary>Writes the unit with its size, as samples of files have it.</summary>
    /// <param name="output">At least <see cref="WrittenLength"/> bytes.</param>
    public void WriteTo(Span<byte> output)
    {
        int position = 0;
        output[position++] = (byte)(_header | HasSizeField);
        if ((_header & ExtensionFlag) != 0) { output[position++] = _extension; }
        uint rest = (uint)Payload.Length;
        for (; rest > 0x7F; rest >>= 7) { output[position++] = (byte)(rest | 0x80); }
        output[position++] = (byte)rest;
        Payload.CopyTo(output[position..]);
    }

    /// <summary>leb128(): seven bits a byte, the lowest first, at most eight bytes and below 2^32.</summary>
    private static bool TryReadSize(ReadOnlySpan<byte> bytes, out long size, out int length)
    {
        size = 0;
        length = 0;
        while (length < Math.Min(8, bytes.Length))
        {
            byte value = bytes[length];
            size |= (long)(value & 0x7F) << (7 * length++);
            if ((value & 0x80) == 0) { return size <= uint.MaxValue; }
        }
        return false;
    }

    private static int SizeLength(uint size)
    {
        int length = 1;
        for (; size > 0x7F; size >>= 7) { length++; }
        return length;
    }
}
